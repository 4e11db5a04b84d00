import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends this request's session in the store, and has its cookie cleared. @throws SESSIONS_UNAVAILABLE; then nothing ended */
    endSession (): Promise<void>
    /** The session is gone from the store, or opens nothing, as its user is gone: has its cookie cleared. */
    forgetSession (): void
  }
}

async function endSession (app: FastifyInstance): Promise<void> {
  app.decorateRequest('endSession', end)
  app.decorateRequest('forgetSession', forget)
}

async function end (this: FastifyRequest) {
  // Also revokes it in the store. If that fails nothing has ended, and the cookie stays.
  await this.session.regenerate()
  this.sessionState.isDead = true
}

function forget (this: FastifyRequest) {
  Object.assign(this, { session: null })
  this.sessionState.isDead = true
}

export default fp(endSession, { name: 'end-session', dependencies: ['session'] })
