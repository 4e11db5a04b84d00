import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/http/client-address.ts'
import { TooManySignUps } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Counts a form that offers an email for an account, new or changed, before anything else is done with it.
     * @throws TOO_MANY_SIGN_UPS with the seconds to wait, SESSIONS_UNAVAILABLE
     */
    limitSignUps (): Promise<void>
  }
}

/** The answer to an offered email tells whether it has an account, so nobody may offer thousands. */
async function signUpLimit (app: FastifyInstance): Promise<void> {
  app.decorateRequest('limitSignUps', limitSignUps)

  async function limitSignUps (this: FastifyRequest) {
    const wait = await app.signUpLimit.consume(addressOf(this))
    if (wait === 0) return
    this.logEvent('sign-ups held back', 'TOO_MANY_SIGN_UPS')
    throw Object.assign(new TooManySignUps(), { retryAfter: Math.ceil(wait / 1000) })
  }
}

export default fp(signUpLimit, { name: 'sign-up-limit', dependencies: ['throttle', 'event-log'] })
