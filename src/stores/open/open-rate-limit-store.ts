import type { Clock } from '../../clock.ts'
import type { Database } from '../database.ts'
import type { RedisClient } from '../redis/open-redis.ts'
import type { RateLimitStore } from '../../authentication/limits/rate-limit-store.ts'
import { redisRateLimitStore } from '../redis/rate-limit-store.ts'

interface Where {
  redis: RedisClient | null
  redisPrefix: string
  database: Pick<Database, 'rateLimits'>
  now: Clock
}

/** Counters are stored where the sessions are, so that restarts and other processes share them. */
export function rateLimitStoreIn ({ redis, redisPrefix: prefix, database, now }: Where): RateLimitStore {
  return redis === null ? database.rateLimits : redisRateLimitStore(redis, { prefix, now })
}
