import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/address.ts'
import { NotOverHttps } from '../../src/errors.ts'
import { clientOf } from '../../src/sessions/client-of.ts'
import { oldestBeyond } from '../../src/sessions/oldest-beyond.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import type { Account } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Begins this user's session under a new id.
     * @returns false when the user was changed meanwhile so that nobody who logged in before is logged in any more
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE, NOT_OVER_HTTPS
     */
    logIn (user: Account, options?: { remember?: boolean }): Promise<boolean>
  }
}

/** From a user to a session. */
async function logIn (app: FastifyInstance): Promise<void> {
  const { config, now, sessions } = app
  app.decorateRequest('logIn', logIn)

  async function logIn (this: FastifyRequest, user: Account, { remember = false } = {}) {
    if (!isCarried(sessionCookie(config), this.protocol)) throw refusal(this)
    const { id: userId, sessionEpoch: epoch } = user
    const login = { userId, epoch, remembered: remember, proofs: [{ method: 'pwd' as const, at: now() }] }
    if (!await this.beginSession(login, clientOf(this))) return false
    await endOldest(user, this.sessionHandle).catch(err => this.log.warn({ err }, 'surplus sessions were not ended'))
    return true
  }

  async function endOldest (user: Account, newHandle: string) {
    const surplus = oldestBeyond(config.sessionsPerUser, await sessions.listOf(user.id), newHandle)
    await Promise.all(surplus.map(({ handle }) => sessions.revokeOf(user.id, handle)))
  }
}

// A cookie that is Secure would not be kept by the browser, and the login would seem to do nothing.
function refusal (request: FastifyRequest) {
  request.log.error({ address: addressOf(request) }, 'PUBLIC_URL is https, but this login arrived as http: set TRUSTED_PROXIES to the address of the proxy that ends TLS, and have it send X-Forwarded-Proto')
  return new NotOverHttps()
}

export default fp(logIn, { name: 'log-in', dependencies: ['begin-session', 'sessions'] })
