import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../src/stores/database.ts'
import { openDatabase } from '../../src/stores/open/open-database.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: Database
  }
}

/** The database that the settings ask for, shared by users, sessions and counts. */
async function database (app: FastifyInstance): Promise<void> {
  const { config, now, log } = app
  const database = openDatabase(config, { now, log })
  app.decorate('database', database)
  app.addHook('onClose', () => database.close())
  app.metrics?.connection(config.postgresUrl === undefined ? 'sqlite' : 'postgresql', () => database.users.ping())
  // A server that is down now is asked again at the first request.
  await database.users.ping().catch(err => log.warn({ err }, 'the database does not answer yet'))
}

export default fp(database, { name: 'database', dependencies: ['metrics'] })
