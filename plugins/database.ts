import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { SettingError } from '../src/config.ts'
import { openSqlite, type SqliteDatabase } from '../src/database/open-sqlite.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: SqliteDatabase
  }
}

/** The database, migrated and shared by users and sessions. */
async function database (app: FastifyInstance): Promise<void> {
  const sqlite = openOrExplain(app.config.sqlitePath)
  app.decorate('database', sqlite)
  app.addHook('onClose', async () => { sqlite.$client.close() })
}

function openOrExplain (path: string): SqliteDatabase {
  try {
    return openSqlite(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SettingError(`DATABASE_URL or DATA_DIR leads to ${path}, which cannot be opened as a database (${code}).`, { cause })
  }
}

export default fp(database, { name: 'database' })
