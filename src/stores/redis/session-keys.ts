import type { StoreOptions } from '../../observability/store-log.ts'
import type { RedisClient } from './client.ts'
import { redisUserIndex } from './user-index.ts'

export type RedisOptions = StoreOptions & { prefix: string }

/** What every operation on a session works with. */
export type Keys = ReturnType<typeof keysOf>

/** What the keys of sessions begin with; the handle ends them. @param prefix of every key */
export function sessionKeyPrefix (prefix: string): string {
  return `${prefix}session:`
}

export function keysOf (redis: RedisClient, options: RedisOptions) {
  const keyOf = (handle: string) => sessionKeyPrefix(options.prefix) + handle
  return { ...options, redis, keyOf, index: redisUserIndex(redis, options) }
}
