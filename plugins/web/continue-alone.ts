import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { endSessions } from '../../src/accounts/end-sessions.ts'
import { accountOf } from '../../src/http/guards.ts'
import type { Proof } from '../../src/sessions/session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Goes on with this session after a write that raised the epoch of who is logged in, so all others are over.
     * @returns as `continueSession` does. @throws SESSIONS_UNAVAILABLE
     */
    continueAlone (proof?: Proof): Promise<boolean>
  }
}

async function continueAlone (app: FastifyInstance): Promise<void> {
  const { sessions } = app
  app.decorateRequest('continueAlone', goOnAlone)

  async function goOnAlone (this: FastifyRequest, proof?: Proof) {
    const { id, sessionEpoch } = accountOf(this)
    const epoch = sessionEpoch + 1
    if (!await this.continueSession({ epoch, proof })) return false
    // A stolen session gets here without a password. It must not make a device known, nor forget what the device has guessed.
    this.reissueDeviceFor({ id, sessionEpoch: epoch })
    // They are dead already, by the raised epoch: this only tidies up.
    const others = endSessions({ sessions }, { userId: id, except: this.sessionHandle })
    await others.catch(err => this.log.warn({ err }, 'ended sessions were not removed'))
    return true
  }
}

export default fp(continueAlone, { name: 'continue-alone', dependencies: ['begin-session', 'load-identity', 'known-device', 'sessions'] })
