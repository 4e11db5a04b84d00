import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Redis } from 'ioredis'
import type { Identity } from '../../src/identity/identity.ts'
import { identify, type Identified, type LookUp, lookUpIn } from '../../src/identity/identify.ts'
import { type IdentityCache, identityCache } from '../../src/identity/identity-cache.ts'
import { subscribeToInvalidations } from '../../src/stores/redis/invalidation.ts'
import { coalescePerTick } from '../../src/async/coalesce.ts'
import { sessionKeyPrefix } from '../../src/stores/redis/session-keys.ts'
import { sessionCookieParser } from '../../src/sessions/session-cookie-parser.ts'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; null until a guard or the pages have loaded it, and for a stranger. */
    identity: Identity | null
    isIdentityLoaded: boolean
  }
  interface FastifyInstance {
    /**
     * Whose session these cookies open, without all that a page needs of a session.
     * @param cookies the header `Cookie`
     * @returns no promise when nothing has to be waited for, which takes a good part of an answer's work
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE, SESSION_NOT_YET_VALID
     */
    identify (cookies: string | undefined): Identified | null | Promise<Identified | null>
  }
}

/**
 * Who is logged in, on the shortest way: one signature, one read of the store, one look-up of the user. With one Redis not
 * even those, when it was asked a moment ago.
 */
async function identification (app: FastifyInstance): Promise<void> {
  const { config, now, log, sessions, users, signer } = app
  const handleIn = sessionCookieParser(sessionCookie(config).name, signer)
  const identityOf = identify({ ...cached(app, lookUpIn({ sessions, users })), sessions, limits: config, now, log })

  app.decorateRequest('identity', null)
  app.decorateRequest('isIdentityLoaded', false)
  app.decorate('identify', cookies => {
    const handle = handleIn(cookies)
    return handle === null ? null : identityOf(handle)
  })
}

// A Cluster would push from each of its nodes, and SQLite takes no longer than a cache.
function cached (app: FastifyInstance, lookUp: LookUp): Pick<IdentityCache, 'lookUp' | 'invalidate'> {
  const { redis, config, metrics, log } = app
  if (!config.answersFromMemory || !(redis instanceof Redis)) return { lookUp: coalescePerTick(lookUp), invalidate: () => {} }
  const cache = identityCache(lookUp)
  const closing = new AbortController()
  const options = { keyPrefix: sessionKeyPrefix(config.redisPrefix), cache, log, closing: closing.signal }
  // Once everything is loaded: until then the event loop is too busy to read an answer in time.
  app.addHook('onReady', async () => { subscribeToInvalidations(redis, options) })
  app.addHook('onClose', async () => closing.abort())
  metrics?.connection('redis invalidations', () => cache.isEnabled())
  return cache
}

export default fp(identification, { name: 'identify', dependencies: ['sessions', 'users', 'secrets', 'redis', 'metrics'] })
