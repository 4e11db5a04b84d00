import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Admission } from '../../src/authentication/admission.ts'
import { openPasswords, type HashingCost } from '../../src/credentials/passwords.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The only way to hash a password, or to estimate one. */
    admission: Admission
  }
}

interface PasswordsOptions {
  hashingCost?: HashingCost
}

async function passwords (app: FastifyInstance, { hashingCost: cost }: PasswordsOptions): Promise<void> {
  const admission = new Admission(await openPasswords({ cost }))
  app.decorate('admission', admission)
  const help = 'Logins, sign-ups and password changes that wait for their turn'
  app.metrics?.gauge('latchkey_passwords_waiting', help, () => admission.waiting())
  app.metrics?.gauge('latchkey_passwords_oldest_wait_seconds', 'Age of the oldest of them', () => admission.oldestWait())
}

export default fp(passwords, { name: 'passwords', dependencies: ['metrics'] })
