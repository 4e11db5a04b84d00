import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/address.ts'
import { NotOverHttps } from '../../src/errors.ts'
import { AsStored } from '../../src/sessions/as-stored.ts'
import { deviceLabel } from '../../src/sessions/device-label.ts'
import { oldestBeyond } from '../../src/sessions/oldest-beyond.ts'
import { handleOf, newSessionId } from '../../src/sessions/session-handle.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import { deadlinesOf } from '../../src/sessions/session-limits.ts'
import type { SessionFields } from '../../src/sessions/session-store.ts'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Begins this user's session under a new id. @throws SESSIONS_UNAVAILABLE, NOT_OVER_HTTPS */
    logIn (user: User, options?: { remember?: boolean }): Promise<void>
    /** Goes on with this session under a new id, after its user gave the password again. @throws SESSIONS_UNAVAILABLE */
    confirmLogIn (): Promise<void>
  }
  interface Session {
    /** Where the login came from, such as "Firefox on Linux". What the browser said of itself is not kept. */
    device?: string
    /** Where the login came from, as the trusted proxies tell it. */
    address?: string
    /** Epoch milliseconds at which the password was given last, where that was after the login. */
    authenticatedAt?: number
  }
}

/** From a user to a session. */
async function logIn (app: FastifyInstance): Promise<void> {
  const { config, now, sessions } = app
  app.decorateRequest('logIn', logIn)
  app.decorateRequest('confirmLogIn', confirmLogIn)

  async function logIn (this: FastifyRequest, user: User, { remember = false } = {}) {
    if (!isCarried(sessionCookie(config), this.protocol)) throw refusal(this)
    const [at, device] = [now(), deviceLabel(this.headers['user-agent'])]
    const fields = { userId: user.id, epoch: user.sessionEpoch, startedAt: at, lastSeenAt: at, device, address: addressOf(this) }
    await begin(this, remember ? { ...fields, remembered: true } : fields)
    await endOldest(user, handleOf(this.session.sessionId)).catch(err => this.log.warn({ err }, 'surplus sessions were not ended'))
  }

  async function confirmLogIn (this: FastifyRequest) {
    const at = now()
    await begin(this, { ...this.session.asStored!.copy(), lastSeenAt: at, authenticatedAt: at })
  }

  // A new id for every login, and the old one dead: whoever planted or knew it holds nothing (session fixation).
  // The new session first: when the store fails in between, nobody was logged out by it.
  async function begin (request: FastifyRequest, fields: SessionFields) {
    const id = request.nextSessionId = newSessionId()
    await sessions.create({ handle: handleOf(id), fields, ...deadlinesOf(fields, config) })
    await request.session.regenerate()
    Object.assign(request.session, fields, { asStored: new AsStored(fields) })
    if (fields.remembered) request.session.cookie.maxAge = deadlinesOf(fields, config).endsAt - now()
    await request.session.save()
  }

  async function endOldest (user: User, newHandle: string) {
    const surplus = oldestBeyond(config.sessionsPerUser, await sessions.listOf(user.id), newHandle)
    await Promise.all(surplus.map(({ handle }) => sessions.revokeOf(user.id, handle)))
  }
}

// A cookie that is Secure would not be kept by the browser, and the login would seem to do nothing.
function refusal (request: FastifyRequest) {
  request.log.error({ address: addressOf(request) }, 'PUBLIC_URL is https, but this login arrived as http: set TRUSTED_PROXIES to the address of the proxy that ends TLS, and have it send X-Forwarded-Proto')
  return new NotOverHttps()
}

export default fp(logIn, { name: 'log-in', dependencies: ['session-life', 'sessions'] })
