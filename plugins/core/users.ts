import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Credentials } from '../../src/credentials/credentials.ts'
import type { Transact } from '../../src/accounts/transact.ts'
import type { UserRepository } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyInstance {
    users: UserRepository
    credentials: Credentials
    /** For pages there is `request.transact`, which first asks whether the session is still there. */
    transact: Transact
  }
}

async function users (app: FastifyInstance): Promise<void> {
  const { database, metrics } = app
  app.decorate('users', metrics?.ofStore('users', database.users) ?? database.users)
  app.decorate('credentials', metrics?.ofStore('credentials', database.credentials) ?? database.credentials)
  app.decorate('transact', (metrics?.ofStore('users', database) ?? database).transact)
}

export default fp(users, { name: 'users', dependencies: ['database', 'metrics'] })
