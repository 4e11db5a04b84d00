import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import { openSqlite, type SqliteDatabase } from '../database/open-sqlite.ts'
import { openSessionStore } from '../sessions/open-session-store.ts'
import type { Clock, SessionStore } from '../sessions/session-store.ts'
import { sqliteUserRepository } from '../users/sqlite-user-repository.ts'
import type { UserRepository } from '../users/user-repository.ts'
import { Failed } from './command.ts'

/** What the service runs on, without the service. */
export interface Latchkey {
  config: Config
  database: SqliteDatabase
  users: UserRepository
  /** Opened when first asked for: what only concerns users works without Redis. */
  sessions (): Promise<SessionStore>
  close (): Promise<void>
}

// What goes wrong is told by the command itself.
const quiet = () => {}

/** @throws Failed when there is no database, or one that cannot be opened */
export function openLatchkey (config: Config, now: Clock): Latchkey {
  const database = openDatabase(config.sqlitePath)
  const { redisUrl, redisPrefix } = config
  let sessions: Promise<SessionStore> | undefined
  return {
    config,
    database,
    users: sqliteUserRepository(database, { now }),
    async sessions () {
      sessions ??= openSessionStore({ redisUrl, redisPrefix, sqlite: database, now, log: { info: quiet, warn: quiet } })
      return await sessions
    },
    async close () {
      await (await sessions)?.close()
      database.$client.close()
    }
  }
}

function openDatabase (path: string): SqliteDatabase {
  // The service makes one where there is none. Here that would hide a wrong setting behind "no such user".
  if (!existsSync(path)) throw new Failed(`DATABASE_URL or DATA_DIR leads to ${path}, where there is no database yet: the service makes it when it first starts.`)
  try {
    return openSqlite(path)
  } catch (error) {
    throw new Failed(`DATABASE_URL or DATA_DIR leads to ${path}, which cannot be opened as a database (${(error as NodeJS.ErrnoException).code}).`)
  }
}
