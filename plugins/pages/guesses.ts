import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { addressOf } from '../../src/address.ts'
import { TooManyGuesses } from '../../src/errors.ts'
import { deviceCookie } from '../../src/throttling/device-cookie.ts'
import { knownDevice, newDeviceToken } from '../../src/throttling/known-device.ts'
import { canonicalEmail } from '../../src/users/email-address.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Counts a password for an account, before it is checked.
     * @throws TOO_MANY_GUESSES with the seconds to wait; then it must not be checked. SESSIONS_UNAVAILABLE
     */
    countGuess (email: string): Promise<void>
    /** The password was right: the count starts anew, and this device is known to the account from now on. */
    forgiveGuesses (email: string): Promise<void>
    /** Whether this is the password of who is logged in; counted like a guess at the login. @throws TOO_MANY_GUESSES */
    isOwnPassword (password: string): Promise<boolean>
    /** The email of the account that this browser is to be known to. */
    deviceOf: string | null
  }
}

/** One count for every place where a password is typed. */
async function guesses (app: FastifyInstance): Promise<void> {
  const { name, attributes } = deviceCookie(app.config)
  app.decorateRequest('deviceOf', null)
  app.decorateRequest('countGuess', countGuess)
  app.decorateRequest('forgiveGuesses', forgiveGuesses)
  app.decorateRequest('isOwnPassword', isOwnPassword)
  app.addHook('onSend', rememberDevice)

  const guessOf = (request: FastifyRequest, email: string) => ({ email, address: addressOf(request), knownDevice: knownDevice(request.cookies[name], email, app.secrets) })

  async function countGuess (this: FastifyRequest, email: string) {
    const retryAfter = await app.passwordThrottle.admit(guessOf(this, email))
    if (retryAfter === 0) return
    await tellHeldBack(this, email)
    throw Object.assign(new TooManyGuesses(), { retryAfter })
  }

  async function forgiveGuesses (this: FastifyRequest, email: string) {
    await app.passwordThrottle.forgive(guessOf(this, email))
    this.deviceOf = email
  }

  function rememberDevice ({ deviceOf }: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) {
    if (deviceOf) reply.setCookie(name, newDeviceToken(deviceOf, app.secrets), attributes)
    done()
  }
}

async function isOwnPassword (this: FastifyRequest, password: string) {
  const { email, passwordHash } = this.currentUser!
  await this.countGuess(email)
  const fits = await this.server.passwords.verify(passwordHash, password)
  if (fits) await this.forgiveGuesses(email)
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

export default fp(guesses, { name: 'guesses', dependencies: ['session-life', 'record-event', 'secrets', 'throttle', 'passwords', 'users'] })
