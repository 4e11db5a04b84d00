import type { Database } from '../database.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import { openRedis, type RedisClient } from '../redis/open-redis.ts'
import { redisSessionStore } from '../redis/session-store.ts'
import type { SessionStore } from '../../sessions/session-store.ts'

interface Where extends StoreOptions {
  redisPrefix: string
  database?: Pick<Database, 'sessions'>
}

/** The store that the settings ask for: Redis where there is one, else the table beside the users. */
export async function openSessionStore ({ redisUrl, ...where }: Where & { redisUrl?: string | undefined }): Promise<SessionStore> {
  if (redisUrl === undefined) return sessionStoreIn({ redis: null, ...where })
  const { client, close } = await openRedis({ url: redisUrl, log: where.log })
  return { ...sessionStoreIn({ redis: client, ...where }), close }
}

/** The same, in a Redis that is open already. */
export function sessionStoreIn ({ redis, redisPrefix, database, ...options }: Where & { redis: RedisClient | null }): SessionStore {
  if (redis) return redisSessionStore(redis, { prefix: redisPrefix, ...options })
  if (database) return database.sessions
  throw new TypeError('Sessions need a Redis or a database.')
}
