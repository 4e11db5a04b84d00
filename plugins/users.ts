import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { sqliteUserRepository } from '../src/users/sqlite-user-repository.ts'
import type { UserRepository } from '../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyInstance {
    users: UserRepository
  }
}

async function users (app: FastifyInstance): Promise<void> {
  const users = sqliteUserRepository(app.database, { now: app.now })
  app.decorate('users', app.metrics?.ofStore('users', users) ?? users)
}

export default fp(users, { name: 'users', dependencies: ['database', 'metrics'] })
