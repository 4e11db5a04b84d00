import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openPasswords, type Passwords } from '../src/users/passwords.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passwords: Passwords
  }
}

async function passwords (app: FastifyInstance): Promise<void> {
  app.decorate('passwords', await openPasswords())
}

export default fp(passwords, { name: 'passwords' })
