import { inArray, lt } from 'drizzle-orm'
import { RateLimiterSQLite } from 'rate-limiter-flexible'
import { throttle } from '../../drizzle/sqlite/schema.ts'
import { type OpenedSqlite, openSqlite, type SqliteDatabase } from '../database/open-sqlite.ts'
import { inBatches } from '../in-batches.ts'
import type { Clock } from '../sessions/session-store.ts'
import type { Counts, OpenLimiter } from './counts.ts'

const SWEEP_BATCH = 200

/** The database on a connection of its own, which does not wait for the disk at each count: a power cut may take the last of them. */
export function openCounts (path: string, now: Clock = Date.now): OpenedSqlite {
  const counts = openSqlite(path, now)
  counts.$client.pragma('synchronous = NORMAL')
  return counts
}

/** Counts in the table `throttle`. */
export function sqliteCounts (database: SqliteDatabase, { now }: { now: Clock }): Counts {
  return {
    openLimiter: openLimiterIn(database),
    sweep: () => inBatches(() => removeSome(database, now()))
  }
}

function openLimiterIn ({ $client: storeClient }: SqliteDatabase): OpenLimiter {
  const table = { storeClient, storeType: 'better-sqlite3', tableName: 'throttle', tableCreated: true }
  return ({ name, points, durationSeconds: duration }) => new RateLimiterSQLite({ ...table, points, duration, keyPrefix: `throttle:${name}` })
}

function removeSome (database: SqliteDatabase, now: number): number {
  const old = database.select({ key: throttle.key }).from(throttle).where(lt(throttle.expire, now)).limit(SWEEP_BATCH)
  return database.delete(throttle).where(inArray(throttle.key, old)).run().changes
}
