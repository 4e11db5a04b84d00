import { join } from 'node:path'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from './config.ts'
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

const here = (folder: string) => join(import.meta.dirname, '..', folder)

/**
 * The service. What every answer needs is loaded at the root; cookies, sessions, users and forms only around the pages,
 * so that a health check never costs a session.
 */
export const latchkey = fp(async (app: FastifyInstance, { config, now = Date.now, drainMs, hashingCost }: LatchkeyOptions) => {
  app.decorate('config', config)
  app.decorate('now', now)
  await app.register(autoload, { dir: here('plugins'), ignoreFilter: inPages, encapsulate: false, options: { drainMs, hashingCost } })
  await app.register(autoload, { dir: here('routes'), ignoreFilter: inPages, dirNameRoutePrefix: false })
  await app.register(pages)
}, { name: 'latchkey' })

async function pages (app: FastifyInstance): Promise<void> {
  await app.register(autoload, { dir: here('plugins/pages'), encapsulate: false })
  await app.register(autoload, { dir: here('routes/pages'), dirNameRoutePrefix: false, autoHooks: true, cascadeHooks: true })
}

function inPages (path: string): boolean {
  return path.includes('pages/')
}
