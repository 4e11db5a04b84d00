import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { endSessions } from '../../src/accounts/end-sessions.ts'
import { accountOf } from '../../src/http/guards.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Ends this request's session, or another one of the same user, and notes it for the user and in the log.
     * @returns false when the other one is not theirs, or not there. @throws SESSIONS_UNAVAILABLE; then nothing ended
     */
    logOut (handle?: string): Promise<boolean>
  }
}

async function logOut (app: FastifyInstance): Promise<void> {
  const { sessions } = app
  app.decorateRequest('logOut', logOut)

  async function logOut (this: FastifyRequest, handle?: string) {
    if (handle !== undefined && handle !== this.sessionHandle) {
      const onEnded = () => this.recordEvent('session revoked')
      return await endSessions({ sessions, onEnded }, { userId: accountOf(this).id, handle }) > 0
    }
    await this.endSession()
    this.recordEvent('logged out')
    return true
  }
}

export default fp(logOut, { name: 'log-out', dependencies: ['end-session', 'record-event', 'sessions'] })
