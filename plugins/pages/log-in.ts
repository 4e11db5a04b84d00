import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { NotOverHttps } from '../../src/errors.ts'
import { oldestBeyond } from '../../src/sessions/oldest-beyond.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Begins this user's session under a new id. @throws SESSIONS_UNAVAILABLE, NOT_OVER_HTTPS */
    logIn (user: User, options?: { remember?: boolean }): Promise<void>
  }
}

/** From a user to a session. */
async function logIn (app: FastifyInstance): Promise<void> {
  const { config, now, sessions } = app
  app.decorateRequest('logIn', logIn)

  async function logIn (this: FastifyRequest, user: User, { remember = false } = {}) {
    if (!isCarried(sessionCookie(config), this.protocol)) throw refusal(this)
    const at = now()
    // A new id for every login, and the old one dead: whoever planted or knew it holds nothing (session fixation).
    await this.session.regenerate()
    Object.assign(this.session, { userId: user.id, epoch: user.sessionEpoch, startedAt: at, lastSeenAt: at })
    if (remember) {
      this.session.remembered = true
      this.session.cookie.maxAge = config.rememberMs
    }
    await this.session.save()
    await endOldest(user, handleOf(this.session.sessionId))
  }

  async function endOldest (user: User, newHandle: string) {
    const surplus = oldestBeyond(config.sessionsPerUser, await sessions.listOf(user.id), newHandle)
    await Promise.all(surplus.map(({ handle }) => sessions.revokeOf(user.id, handle)))
  }
}

// A cookie that is Secure would not be kept by the browser, and the login would seem to do nothing.
function refusal (request: FastifyRequest) {
  request.log.error({ address: request.ip }, 'PUBLIC_URL is https, but this login arrived as http: set TRUSTED_PROXIES to the address of the proxy that ends TLS, and have it send X-Forwarded-Proto')
  return new NotOverHttps()
}

export default fp(logIn, { name: 'log-in', dependencies: ['session-life', 'sessions'] })
