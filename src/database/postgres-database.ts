import { isNotNull } from 'drizzle-orm'
import { users } from '../../drizzle/postgres/schema.ts'
import { postgresCredentials } from '../credentials/postgres-credentials.ts'
import { UsersUnavailable } from '../errors.ts'
import { postgresSessionStore } from '../sessions/postgres-session-store.ts'
import type { StoreOptions } from '../store-log.ts'
import { postgresDeviceStore } from '../throttling/postgres-device-store.ts'
import { postgresRateLimitStore } from '../throttling/postgres-rate-limit-store.ts'
import { postgresAccountEvents } from '../users/postgres-account-events.ts'
import { postgresUserRepository } from '../users/postgres-user-repository.ts'
import type { Database, DatabaseSize } from './database.ts'
import { openPostgres, type PostgresDatabase } from './open-postgres.ts'
import { postgresAnswer } from './postgres-answer.ts'
import { postgresTransact } from './postgres-transact.ts'

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
    size: () => postgresAnswer(UsersUnavailable, () => sizeOf(database)),
    close: async () => { await database.$client.end() }
  }
}

async function sizeOf (database: PostgresDatabase): Promise<DatabaseSize> {
  return {
    users: await database.$count(users),
    disabled: await database.$count(users, isNotNull(users.disabledAt))
  }
}
