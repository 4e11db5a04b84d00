import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import autoload, { type AutoloadPluginOptions } from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from './config.ts'
import { requireUserUnlessPublic } from './http/guards.ts'
import type { Clock } from './sessions/session-store.ts'
import type { HashingCost } from './users/passwords.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
    now: Clock
  }
}

interface LatchkeyOptions {
  config: Config
  /** Handed in by tests, which move it. */
  now?: Clock
  /** How long a stopping service still answers, in milliseconds; a second when left out. */
  drainMs?: number
  /** Handed in by tests that are not about passwords, where hashing would be most of the work. */
  hashingCost?: HashingCost
}

type Loading = Partial<AutoloadPluginOptions>

/**
 * The service. What every answer needs is loaded at the root; cookies, sessions, users and forms only around the pages,
 * so that a health check never costs a session. Every route requires a user, unless its folder or file says that it is public.
 */
export const latchkey = fp(async (app: FastifyInstance, { config, now = Date.now, drainMs, hashingCost }: LatchkeyOptions) => {
  const loaded = new Set<string>()
  app.decorate('config', config)
  app.decorate('now', now)
  await load(app, 'plugins', { ignorePattern: PAGES, encapsulate: false, options: { drainMs, hashingCost } })
  await app.register(routesOutsidePages)
  await app.register(pages)
  assertAllLoaded(loaded)

  async function routesOutsidePages (scope: FastifyInstance) {
    closeToStrangers(scope)
    await load(scope, 'routes', { ignorePattern: PAGES, ...routes })
  }

  async function pages (scope: FastifyInstance) {
    await load(scope, 'plugins/pages', { encapsulate: false })
    closeToStrangers(scope)
    await load(scope, 'routes/pages', routes)
  }

  async function load (scope: FastifyInstance, folder: string, options: Loading) {
    const dir = join(root, folder)
    const matchFilter = (path: string) => { loaded.add(join(dir, path)); return true }
    await scope.register(autoload, { dir, matchFilter, ...options })
  }
}, { name: 'latchkey' })

const root = join(import.meta.dirname, '..')
const PAGES = /^pages$/
const routes: Loading = { dirNameRoutePrefix: false, autoHooks: true, cascadeHooks: true }

/** Again once the body has arrived: the session may have ended meanwhile. */
function closeToStrangers (scope: FastifyInstance): void {
  scope.addHook('onRequest', requireUserUnlessPublic)
  scope.addHook('preValidation', requireUserUnlessPublic)
}

/** A file that autoload skips, such as one beside an `index.ts`, would be a guard or a page that is silently missing. */
function assertAllLoaded (loaded: Set<string>): void {
  const scripts = ['plugins', 'routes'].flatMap(folder => scriptsIn(join(root, folder)))
  const skipped = scripts.filter(path => !loaded.has(path) && !(path.startsWith(join(root, 'routes')) && HOOKS.test(path)))
  if (skipped.length > 0) throw new Error(`Nothing loads ${skipped.map(path => relative(root, path)).join(', ')}. Move it to a folder whose files are all loaded, or out of plugins/ and routes/.`)
}

const SCRIPT = /(?<!\.d)\.[cm]?[jt]s$/
const HOOKS = /[\\/]autohooks\.[cm]?[jt]s$/

function scriptsIn (folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile() && SCRIPT.test(entry.name)).map(entry => join(entry.parentPath, entry.name))
}
