import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/address.ts'
import { TooManySignUps } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Counts an email that is offered for an account, new or changed, before it is looked up.
     * @throws TOO_MANY_SIGN_UPS with the seconds to wait, SESSIONS_UNAVAILABLE
     */
    limitSignUps (): Promise<void>
  }
}

/** Whoever offers an email learns whether it has an account, so nobody may offer thousands. */
async function signUpLimit (app: FastifyInstance): Promise<void> {
  app.decorateRequest('limitSignUps', limitSignUps)

  async function limitSignUps (this: FastifyRequest) {
    const retryAfter = await app.signUpThrottle.admit(addressOf(this))
    if (retryAfter === 0) return
    this.logEvent('sign-ups held back', 'TOO_MANY_SIGN_UPS')
    throw Object.assign(new TooManySignUps(), { retryAfter })
  }
}

export default fp(signUpLimit, { name: 'sign-up-limit', dependencies: ['throttle', 'event-log'] })
