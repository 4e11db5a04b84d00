import { inArray, lt } from 'drizzle-orm'
import type { QueryConfig } from 'pg'
import { RateLimiterPostgres } from 'rate-limiter-flexible'
import { throttle } from '../../drizzle/postgres/schema.ts'
import type { PostgresDatabase } from '../database/open-postgres.ts'
import { soon } from '../database/postgres-answer.ts'
import { inBatches } from '../in-batches.ts'
import type { Clock } from '../sessions/session-store.ts'
import type { Counts, OpenLimiter } from './counts.ts'

const SWEEP_BATCH = 1000

/** Counts in the table `throttle`. */
export function postgresCounts (database: PostgresDatabase, { now }: { now: Clock }): Counts {
  return {
    openLimiter: openLimiterIn(database),
    sweep: () => inBatches(() => soon(() => removeSome(database, now())))
  }
}

function openLimiterIn ({ $client: pool }: PostgresDatabase): OpenLimiter {
  const storeClient = { query: (query: QueryConfig) => soon(() => pool.query(query)) }
  // Without its own sweep, whose timer nothing stops.
  const table = { storeClient, storeType: 'pool', tableName: 'throttle', tableCreated: true, clearExpiredByTimeout: false }
  return ({ name, points, durationSeconds: duration }) => new RateLimiterPostgres({ ...table, points, duration, keyPrefix: `throttle:${name}` })
}

async function removeSome (database: PostgresDatabase, now: number): Promise<number> {
  const old = database.select({ key: throttle.key }).from(throttle).where(lt(throttle.expire, now)).limit(SWEEP_BATCH)
  // Not those that another process is at, neither to wait for it nor to be waited for.
  const { rowCount } = await database.delete(throttle).where(inArray(throttle.key, old.for('update', { skipLocked: true })))
  return rowCount!
}
