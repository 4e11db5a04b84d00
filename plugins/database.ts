import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openSqlite, type SqliteDatabase } from '../src/database/open-sqlite.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: SqliteDatabase
  }
}

/** The database, migrated and shared by users and sessions. */
async function database (app: FastifyInstance): Promise<void> {
  const sqlite = openSqlite(app.config.sqlitePath)
  app.decorate('database', sqlite)
  app.addHook('onClose', async () => { sqlite.$client.close() })
}

export default fp(database, { name: 'database' })
