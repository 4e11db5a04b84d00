import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { addressOf } from '../../src/address.ts'
import { TooManyGuesses } from '../../src/errors.ts'
import { canonicalEmail } from '../../src/users/email-address.ts'
import type { Passwords } from '../../src/users/passwords.ts'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Counts an attempt at an account, before the password is checked.
     * @throws TOO_MANY_GUESSES with the seconds to wait; then it must not be checked. SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    consumeAttempt (email: string): Promise<void>
    /** The login is complete: the count starts anew, and this browser is a known device of the account from now on. */
    resetAttempts (user: User): Promise<void>
    /** Whether this is the password of the current user; counted like an attempt to log in. @throws TOO_MANY_GUESSES */
    isOwnPassword (passwords: Passwords, password: string): Promise<boolean>
  }
}

/** One count for every place where a password is typed. */
async function loginAttempts (app: FastifyInstance): Promise<void> {
  app.decorateRequest('consumeAttempt', consumeAttempt)
  app.decorateRequest('resetAttempts', resetAttempts)
  app.decorateRequest('isOwnPassword', isOwnPassword)

  const attemptOf = async (request: FastifyRequest, email: string) => ({ email, address: addressOf(request), knownDevice: await request.knownDeviceOf(email) })

  async function consumeAttempt (this: FastifyRequest, email: string) {
    const retryAfter = await app.passwordThrottle.admit(await attemptOf(this, email))
    if (retryAfter === 0) return
    await tellHeldBack(this, email)
    throw Object.assign(new TooManyGuesses(), { retryAfter })
  }

  async function resetAttempts (this: FastifyRequest, user: User) {
    await app.passwordThrottle.forgive(await attemptOf(this, user.email))
    await this.rememberDeviceFor(user)
  }
}

async function isOwnPassword (this: FastifyRequest, passwords: Passwords, password: string) {
  const user = this.currentUser!
  await this.consumeAttempt(user.email)
  const fits = await passwords.verify(user.passwordHash, password)
  if (fits) await this.resetAttempts(user)
  else this.recordEvent('password refused')
  return fits
}

const told = new RateLimiterMemory({ points: 1, duration: 60 })

// For the user once a minute: a refusal costs a stranger nothing, and what is kept for them stays for 90 days.
async function tellHeldBack (request: FastifyRequest, email: string) {
  const user = await request.server.users.findByEmail(canonicalEmail(email) ?? '')
  const isNews = user !== null && await told.consume(user.id).then(() => true, () => false)
  if (isNews) request.recordEvent('throttled', user)
  else request.logEvent('throttled', 'TOO_MANY_GUESSES', user)
}

export default fp(loginAttempts, { name: 'login-attempts', dependencies: ['known-device', 'record-event', 'throttle', 'users'] })
