import type { SqliteDatabase } from '../database/open-sqlite.ts'
import type { SessionStore } from './session-store.ts'
import { sqliteSessionStore } from './sqlite-session-store.ts'
import type { StoreOptions } from './store-options.ts'

interface Settings extends StoreOptions {
  redisUrl?: string | undefined
  redisPrefix: string
  sqlite?: SqliteDatabase
}

/** The store that the settings ask for: Redis where there is one, else the table beside the users. */
export async function openSessionStore ({ sqlite, now, log }: Settings): Promise<SessionStore> {
  if (!sqlite) throw new TypeError('Sessions need a Redis or an SQLite database.')
  return sqliteSessionStore(sqlite, { now, log })
}
