import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { memoizeFor } from '../../src/async/memoize-for.ts'
import { sessionStoreIn } from '../../src/stores/open/open-session-store.ts'
import { sessionCleanup, type SessionCleanup } from '../../src/accounts/session-cleanup.ts'
import type { SessionStore } from '../../src/sessions/session-store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: SessionStore
    sessionCleanup: SessionCleanup
  }
}

const COUNTED_FOR_MS = 10 * 60_000

/** The session store that the settings ask for. */
async function sessions (app: FastifyInstance): Promise<void> {
  const { redis, config, database, now, log } = app
  const store = sessionStoreIn({ redis, redisPrefix: config.redisPrefix, database, now, log })
  app.decorate('sessions', app.metrics?.ofStore('sessions', store) ?? store)
  app.decorate('sessionCleanup', sessionCleanup(app))
  const counted = memoizeFor(() => store.count().catch(() => NaN), COUNTED_FOR_MS, now)
  app.metrics?.gauge('latchkey_sessions', 'Live sessions, those of visitors among them, counted every ten minutes', counted)
  app.log.info(`sessions live in ${store.description}`)
  app.addHook('onClose', () => store.close())
}

export default fp(sessions, { name: 'sessions', dependencies: ['database', 'redis', 'metrics'] })
