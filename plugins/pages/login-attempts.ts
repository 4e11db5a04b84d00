import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/address.ts'
import { TooManyGuesses } from '../../src/errors.ts'
import { accountOf } from '../../src/http/guards.ts'
import type { Consumed } from '../../src/throttling/consumed.ts'
import type { Attempt } from '../../src/throttling/login-attempts.ts'
import type { Passwords } from '../../src/users/passwords.ts'
import type { Account } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Counts an attempt at an account, before the password is checked. It is given back when the answer is a 503.
     * @throws TOO_MANY_GUESSES with the seconds to wait; then it must not be checked. SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    consumeAttempt (email: string): Promise<void>
    /** The password was wrong. Writes it down for the user, if there is one, and also when the account has to wait from now on. */
    recordFailedAttempt (type: 'login failed' | 'password refused', user: Account | null): void
    /** The login is complete: the count starts anew, and this browser is a known device of the account from now on. Never fails. */
    resetAttempts (user: Account): Promise<void>
    /** Whether this is the password of the current user; counted like an attempt to log in. @throws TOO_MANY_GUESSES */
    isOwnPassword (passwords: Passwords, password: string): Promise<boolean>
    /** What this request has counted and not answered yet. */
    attempt: (Consumed & Partial<Attempt>) | null
  }
}

/** One count for every place where a password is typed. */
async function loginAttempts (app: FastifyInstance): Promise<void> {
  app.decorateRequest('attempt', null)
  app.decorateRequest('consumeAttempt', consumeAttempt)
  app.decorateRequest('recordFailedAttempt', recordFailedAttempt)
  app.decorateRequest('resetAttempts', resetAttempts)
  app.decorateRequest('isOwnPassword', isOwnPassword)
  app.addHook('onError', giveBack)
}

async function consumeAttempt (this: FastifyRequest, email: string) {
  const { knownDevices, loginAttempts } = this.server
  const browser = await this.browserFor(email)
  const attempt: Consumed & Partial<Attempt> = await knownDevices.consume(browser) ?? await loginAttempts.consume({ email, userId: browser.user?.id ?? null }, addressOf(this))
  if (attempt.wait > 0) {
    this.logEvent('throttled', 'TOO_MANY_GUESSES', browser.user)
    throw Object.assign(new TooManyGuesses(), { retryAfter: Math.ceil(attempt.wait / 1000) })
  }
  this.attempt = attempt
}

function recordFailedAttempt (this: FastifyRequest, type: 'login failed' | 'password refused', user: Account | null) {
  this.recordEvent(type, user)
  // For the user now, and not at each refusal, because a refusal writes nothing.
  if (this.attempt?.isLastFree && user !== null) this.recordForUser('throttled', user)
  this.attempt = null
}

async function resetAttempts (this: FastifyRequest, user: Account) {
  await this.attempt?.succeed?.().catch(err => this.log.warn({ err }, 'failed attempts were not reset'))
  this.attempt = null
  await this.rememberDeviceFor(user)
}

async function isOwnPassword (this: FastifyRequest, passwords: Passwords, password: string) {
  const user = accountOf(this)
  await this.consumeAttempt(user.email)
  const fits = await passwords.verify(user.passwordHash, password)
  if (!fits) this.recordFailedAttempt('password refused', user)
  // One that was replaced while it was checked forgets no failures, and no device is known by it.
  else if (await this.isSessionValid()) {
    await this.resetAttempts(user)
    this.logEvent('reauthenticated', 'success')
  }
  return fits
}

// A 503 says nothing about the password: it was not checked, or it was right and the login could not be completed.
async function giveBack (request: FastifyRequest, _reply: FastifyReply, { statusCode }: FastifyError) {
  if (statusCode !== 503) return
  await request.attempt?.giveBack().catch(err => request.log.warn({ err }, 'an attempt that was not checked counts'))
}

export default fp(loginAttempts, { name: 'login-attempts', dependencies: ['known-device', 'record-event', 'throttle'] })
