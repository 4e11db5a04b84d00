import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { handleOf } from '../../src/sessions/session-handle.ts'
import type { SessionFields } from '../../src/sessions/session-store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Goes on with this session after a write that raised the epoch of who is logged in, so all others are over.
     * @returns as `continueSession` does. @throws SESSIONS_UNAVAILABLE
     */
    continueAlone (changes?: SessionFields): Promise<boolean>
  }
}

async function continueAlone (app: FastifyInstance): Promise<void> {
  const { sessions } = app
  app.decorateRequest('continueAlone', goOnAlone)

  async function goOnAlone (this: FastifyRequest, changes: SessionFields = {}) {
    const { id, sessionEpoch } = this.currentUser!
    const epoch = sessionEpoch + 1
    if (!await this.continueSession({ ...changes, epoch })) return false
    // A stolen session gets here without a password. It must not make a device known, nor forget what the device has guessed.
    this.reissueDeviceFor({ id, sessionEpoch: epoch })
    // They are dead already, by the raised epoch: this only tidies up.
    await sessions.revokeAllOf(id, handleOf(this.session.sessionId)).catch(err => this.log.warn({ err }, 'ended sessions were not removed'))
    return true
  }
}

export default fp(continueAlone, { name: 'continue-alone', dependencies: ['begin-session', 'current-user', 'known-device', 'sessions'] })
