import { RateLimiterRedis, RateLimiterSQLite, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { openSqlite, type SqliteDatabase } from '../database/open-sqlite.ts'
import type { RedisClient } from '../sessions/open-redis.ts'

export interface LimiterOptions {
  name: string
  /** How much may be counted until the limiter refuses. */
  points: number
  /** Seconds from the first count until it starts anew. */
  durationSeconds: number
}

export type OpenLimiter = (options: LimiterOptions) => RateLimiterAbstract

interface Where {
  redis: RedisClient | null
  redisPrefix: string
  sqlite: SqliteDatabase
}

/** The database on a connection of its own, which does not wait for the disk at each count: a power cut may take the last of them. */
export function openCounts (path: string): SqliteDatabase {
  const counts = openSqlite(path)
  counts.$client.pragma('synchronous = NORMAL')
  return counts
}

/** Counters that live where the sessions live, so that restarts and neighbours share them. */
export function openLimiters ({ redis, redisPrefix, sqlite }: Where): OpenLimiter {
  return ({ name, points, durationSeconds: duration }) => {
    const shared = { points, duration, keyPrefix: `${redis === null ? '' : redisPrefix}throttle:${name}` }
    if (redis !== null) return new RateLimiterRedis({ ...shared, storeClient: redis })
    return new RateLimiterSQLite({ ...shared, storeClient: sqlite.$client, storeType: 'better-sqlite3', tableName: 'throttle', tableCreated: true })
  }
}
