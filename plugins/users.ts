import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { UserRepository } from '../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyInstance {
    users: UserRepository
  }
}

async function users (app: FastifyInstance): Promise<void> {
  app.decorate('users', app.metrics?.ofStore('users', app.database.users) ?? app.database.users)
}

export default fp(users, { name: 'users', dependencies: ['database', 'metrics'] })
