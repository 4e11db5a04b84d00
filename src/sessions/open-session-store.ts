import type { SqliteDatabase } from '../database/open-sqlite.ts'
import { openRedis } from './open-redis.ts'
import { redisSessionStore } from './redis-session-store.ts'
import type { SessionStore } from './session-store.ts'
import { sqliteSessionStore } from './sqlite-session-store.ts'
import type { StoreOptions } from './store-options.ts'

interface Settings extends StoreOptions {
  redisUrl?: string | undefined
  redisPrefix: string
  sqlite?: SqliteDatabase
}

/** The store that the settings ask for: Redis where there is one, else the table beside the users. */
export async function openSessionStore ({ redisUrl, redisPrefix, sqlite, ...options }: Settings): Promise<SessionStore> {
  if (redisUrl !== undefined) {
    const redis = await openRedis({ url: redisUrl, log: options.log })
    return redisSessionStore(redis, { prefix: redisPrefix, ...options })
  }
  if (sqlite) return sqliteSessionStore(sqlite, options)
  throw new TypeError('Sessions need a Redis or an SQLite database.')
}
