import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { endSessions } from '../../src/accounts/end-sessions.ts'
import { addressOf } from '../../src/http/client-address.ts'
import { type Attempt, loginOf } from '../../src/authentication/attempt.ts'
import { beginLogin, isComplete, type LoginForm } from '../../src/authentication/flow.ts'
import { NotOverHttps } from '../../src/errors.ts'
import { clientOf } from '../../src/http/client-of.ts'
import { sessionsOverLimit } from '../../src/sessions/sessions-over-limit.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import type { Passwords } from '../../src/credentials/passwords.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The first step of a login, counted. @returns and @throws as the flow's */
    beginLogin (passwords: Passwords, form: LoginForm): Promise<Attempt | null>
    /**
     * Begins the session of a login under a new id. Then failed attempts are forgotten, and this browser is a known device.
     * @returns false when something else has to be proven, or the account was changed meanwhile so that nobody who logged in
     * before is logged in any more; then nothing has begun
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE, NOT_OVER_HTTPS
     */
    completeLogin (attempt: Attempt): Promise<boolean>
  }
}

const ARRIVED_AS_HTTP = 'PUBLIC_URL is https, but this login arrived as http: set TRUSTED_PROXIES to the address of the proxy that ends TLS, ' +
  'and have it send X-Forwarded-Proto'

/** From an attempt to a session: the only way there. */
async function logIn (app: FastifyInstance): Promise<void> {
  const { config, loginMethods, sessions, users } = app
  app.decorateRequest('beginLogin', begin)
  app.decorateRequest('completeLogin', completeLogin)

  async function begin (this: FastifyRequest, passwords: Passwords, form: LoginForm) {
    const counter = this.attemptCounter(form.email, 'login failed')
    return await beginLogin(users, { method: loginMethods.pwd, passwords, counter }, form)
  }

  async function completeLogin (this: FastifyRequest, attempt: Attempt) {
    if (!isCarried(sessionCookie(config), this.protocol)) throw refusal(this)
    if (!await isComplete(loginMethods, attempt)) return false
    if (!await this.beginSession(loginOf(attempt), clientOf(this))) return false
    await endOldest(attempt.userId, this.sessionHandle).catch(err => this.log.warn({ err }, 'surplus sessions were not ended'))
    await this.resetAttempts({ id: attempt.userId, sessionEpoch: attempt.epoch })
    return true
  }

  async function endOldest (userId: string, newHandle: string) {
    const surplus = sessionsOverLimit(config.sessionsPerUser, await sessions.listOf(userId), newHandle)
    await Promise.all(surplus.map(({ handle }) => endSessions({ sessions }, { userId, handle })))
  }
}

// A cookie that is Secure would not be kept by the browser, and the login would seem to do nothing.
function refusal (request: FastifyRequest) {
  request.log.error({ address: addressOf(request) }, ARRIVED_AS_HTTP)
  return new NotOverHttps()
}

export default fp(logIn, { name: 'log-in', dependencies: ['begin-session', 'login-attempts', 'login-methods', 'sessions', 'users'] })
