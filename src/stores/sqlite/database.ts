import type { FastifyErrorConstructor } from '@fastify/error'
import { isNotNull } from 'drizzle-orm'
import { users } from '../../../drizzle/sqlite/schema.ts'
import { sqliteCredentials } from './credentials.ts'
import { SessionsUnavailable, UsersUnavailable } from '../../errors.ts'
import { sqliteSessionStore } from './session-store.ts'
import { sqliteDeviceStore } from './device-store.ts'
import { openCounters, sqliteRateLimitStore } from './rate-limit-store.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { sqliteAccountEvents } from './account-events.ts'
import { sqliteUserRepository } from './user-repository.ts'
import type { Database, DatabaseOptions, DatabaseSize } from '../database.ts'
import { existingSqlite, openSqliteOrExplain, type SqliteDatabase } from './open-sqlite.ts'
import type { SqliteFile } from './sqlite-file.ts'
import { sqliteTransact } from './transact.ts'

/** @throws SettingError when there is no database at the path, where none is to be made, or one that cannot be opened */
export function sqliteDatabase (path: string, options: DatabaseOptions): Database & { $client: SqliteFile } {
  const setting = 'DATABASE_URL or DATA_DIR'
  const database = options.mustExist ? existingSqlite(path, setting, options.now) : openSqliteOrExplain(path, setting, options.now)
  const counters = openCounters(path, options.now)
  // Both connections: the damaged page may be one that only the other has read.
  const assertSound = () => [counters, database].forEach(({ $client }) => $client.assertSound())
  return {
    users: pingedAfter(assertSound, UsersUnavailable, sqliteUserRepository(database, { ...options, watching: counters.$client })),
    credentials: sqliteCredentials(database),
    transact: sqliteTransact(database, options),
    accountEvents: sqliteAccountEvents(database, options),
    sessions: pingedAfter(assertSound, SessionsUnavailable, sqliteSessionStore(database, options)),
    devices: sqliteDeviceStore(database, options),
    rateLimits: sqliteRateLimitStore(counters, options),
    size: () => orUnavailable(UsersUnavailable, () => sizeOf(database)),
    close: async () => [counters, database].forEach(({ $client }) => $client.close()),
    $client: database.$client
  }
}

function pingedAfter<Store extends { ping (): Promise<void> }> (assertSound: () => void, Unavailable: FastifyErrorConstructor, store: Store): Store {
  return { ...store, ping: async () => { await orUnavailable(Unavailable, assertSound); await store.ping() } }
}

async function sizeOf (database: SqliteDatabase): Promise<DatabaseSize> {
  return {
    users: await database.$count(users),
    disabled: await database.$count(users, isNotNull(users.disabledAt))
  }
}
