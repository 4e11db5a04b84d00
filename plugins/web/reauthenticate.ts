import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Authority, ofPassword } from '../../src/accounts/authority.ts'
import { prove } from '../../src/authentication/flow.ts'
import { accountOf } from '../../src/http/guards.ts'
import type { Proof } from '../../src/sessions/session.ts'
import type { Passwords } from '../../src/credentials/passwords.ts'

interface Reauthentication {
  proof: Proof
  /** What may be changed by it. */
  authority: Authority
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Has the current user prove once more who they are, counted like a login.
     * @returns null when the password is wrong. @throws TOO_MANY_GUESSES, SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    reauthenticate (passwords: Passwords, password: string): Promise<Reauthentication | null>
  }
}

async function reauthentication (app: FastifyInstance): Promise<void> {
  const { loginMethods: { pwd: method } } = app
  app.decorateRequest('reauthenticate', reauthenticate)

  async function reauthenticate (this: FastifyRequest, passwords: Passwords, password: string) {
    const account = accountOf(this)
    const counter = this.attemptCounter(account.email, 'password refused')
    const verified = await prove({ method, passwords, counter }, account, password)
    if (verified === null) return null
    // A password that was replaced while it was checked forgets no failures, and no device is known by it.
    if (await this.isSessionValid()) {
      await this.resetAttempts(account)
      this.logEvent('reauthenticated', 'success')
    }
    return { proof: verified.proof, authority: ofPassword(account, verified.secret) }
  }
}

export default fp(reauthentication, { name: 'reauthenticate', dependencies: ['load-identity', 'login-attempts', 'login-methods'] })
