import { isNotNull } from 'drizzle-orm'
import { users } from '../../drizzle/sqlite/schema.ts'
import { UsersUnavailable } from '../errors.ts'
import { sqliteSessionStore } from '../sessions/sqlite-session-store.ts'
import { openCounts, sqliteCounts } from '../throttling/sqlite-counts.ts'
import { orUnavailable } from '../unavailable.ts'
import { sqliteAccountEvents } from '../users/sqlite-account-events.ts'
import { sqliteUserRepository } from '../users/sqlite-user-repository.ts'
import type { Database, DatabaseSize } from './database.ts'
import type { DatabaseOptions } from './open-database.ts'
import { existingSqlite, sqliteOrWhyNot, type SqliteDatabase } from './open-sqlite.ts'
import type { SqliteClient } from './sqlite-driver.ts'

/** @throws SettingError when there is no database at the path, where none is to be made, or one that cannot be opened */
export function sqliteDatabase (path: string, options: DatabaseOptions): Database & { $client: SqliteClient } {
  const setting = 'DATABASE_URL or DATA_DIR'
  const database = options.mustExist ? existingSqlite(path, setting) : sqliteOrWhyNot(path, setting)
  const counts = openCounts(path)
  return {
    users: sqliteUserRepository(database, { ...options, watching: counts.$client }),
    accountEvents: sqliteAccountEvents(database, options),
    sessions: sqliteSessionStore(database, options),
    counts: sqliteCounts(counts, options),
    size: () => orUnavailable(UsersUnavailable, () => sizeOf(database)),
    close: async () => [counts, database].forEach(({ $client }) => $client.close()),
    $client: database.$client
  }
}

async function sizeOf (database: SqliteDatabase): Promise<DatabaseSize> {
  return {
    users: await database.$count(users),
    disabled: await database.$count(users, isNotNull(users.disabledAt))
  }
}
