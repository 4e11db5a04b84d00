import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Database } from '../database/database.ts'
import type { RedisClient } from '../sessions/open-redis.ts'
import type { OpenLimiter } from './counts.ts'

interface Where {
  redis: RedisClient | null
  redisPrefix: string
  database: Pick<Database, 'counts'>
}

/** Counters that live where the sessions live, so that restarts and neighbours share them. */
export function openLimiters ({ redis, redisPrefix, database }: Where): OpenLimiter {
  if (redis === null) return database.counts.openLimiter
  return ({ name, points, durationSeconds: duration }) => new RateLimiterRedis({ storeClient: redis, points, duration, keyPrefix: `${redisPrefix}throttle:${name}` })
}
