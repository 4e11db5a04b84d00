import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type HashingCost, openPasswords, type Passwords } from '../src/users/passwords.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passwords: Passwords
  }
}

interface PasswordsOptions {
  hashingCost?: HashingCost
}

async function passwords (app: FastifyInstance, { hashingCost: cost }: PasswordsOptions): Promise<void> {
  const passwords = await openPasswords({ cost })
  app.decorate('passwords', passwords)
  app.metrics?.gauge('latchkey_passwords_waiting', 'Passwords that wait to be hashed', passwords.waiting)
}

export default fp(passwords, { name: 'passwords', dependencies: ['metrics'] })
