import { isNotNull } from 'drizzle-orm'
import { users } from '../../../drizzle/postgres/schema.ts'
import { postgresCredentials } from './credentials.ts'
import { UsersUnavailable } from '../../errors.ts'
import { postgresSessionStore } from './session-store.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import { postgresDeviceStore } from './device-store.ts'
import { postgresRateLimitStore } from './rate-limit-store.ts'
import { postgresAccountEvents } from './account-events.ts'
import { postgresUserRepository } from './user-repository.ts'
import type { Database, DatabaseSize } from '../database.ts'
import { openPostgres, type PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { postgresTransact } from './transact.ts'

/** @throws SettingError when the address cannot be used */
export function postgresDatabase (url: string, options: StoreOptions): Database {
  const database = openPostgres(url, options.log)
  return {
    users: postgresUserRepository(database, options),
    credentials: postgresCredentials(database),
    transact: postgresTransact(database, options),
    accountEvents: postgresAccountEvents(database, options),
    sessions: postgresSessionStore(database, options),
    devices: postgresDeviceStore(database, options),
    rateLimits: postgresRateLimitStore(database, options),
    size: () => queryWithTimeout(UsersUnavailable, () => sizeOf(database)),
    close: async () => { await database.$client.end() }
  }
}

async function sizeOf (database: PostgresDatabase): Promise<DatabaseSize> {
  return {
    users: await database.$count(users),
    disabled: await database.$count(users, isNotNull(users.disabledAt))
  }
}
