import { join } from 'node:path'
import autoload, { type AutoloadPluginOptions } from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { requireUserUnlessPublic } from './http/guards.ts'
import { LoadedFiles } from './http/loaded-files.ts'
import type { HashingCost } from './credentials/passwords.ts'

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

const root = join(import.meta.dirname, '..')
const WEB = /^web$/
const routes: Loading = { dirNameRoutePrefix: false, autoHooks: true, cascadeHooks: true }

/**
 * The service. What every answer needs is loaded at the root; cookies, sessions, users and forms only around the pages,
 * so that a health check never costs a session. Every route requires a user, unless its folder or file says that it is public.
 */
export const latchkey = fp(async (app: FastifyInstance, { config, now = Date.now, drainMs, hashingCost }: LatchkeyOptions) => {
  const loaded = new LoadedFiles()
  app.decorate('config', config)
  app.decorate('now', now)
  await load(app, 'plugins/core', { encapsulate: false, options: { drainMs, hashingCost } })
  await app.register(routesOutsidePages)
  await app.register(pages)
  loaded.assertAll({ plugins: join(root, 'plugins'), routes: join(root, 'routes') })

  async function routesOutsidePages (scope: FastifyInstance) {
    closeToStrangers(scope)
    await load(scope, 'routes', { ignorePattern: WEB, ...routes })
  }

  async function pages (scope: FastifyInstance) {
    await load(scope, 'plugins/web', { encapsulate: false })
    closeToStrangers(scope)
    await load(scope, 'routes/web', routes)
  }

  async function load (scope: FastifyInstance, folder: string, options: Loading) {
    const dir = join(root, folder)
    await scope.register(autoload, { dir, matchFilter: loaded.matchFilter(dir), ...options })
  }
}, { name: 'latchkey' })

/** Again once the body has arrived: the session may have ended meanwhile. */
function closeToStrangers (scope: FastifyInstance): void {
  scope.addHook('onRequest', requireUserUnlessPublic)
  scope.addHook('preValidation', requireUserUnlessPublic)
}
