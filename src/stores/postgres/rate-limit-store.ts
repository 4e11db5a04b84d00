import { and, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { throttle } from '../../../drizzle/postgres/schema.ts'
import type { Clock } from '../../clock.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { countersAnswer } from './query-with-timeout.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { Failures } from '../../authentication/limits/backoff.ts'
import { type Counter, FAILURES_PREFIX, LONGEST_MS, PREFIX, type RateLimitStore } from '../../authentication/limits/rate-limit-store.ts'

/** Counters in the table `throttle`. */
export function postgresRateLimitStore (database: PostgresDatabase, { now }: { now: Clock }): RateLimitStore {
  return {
    readCounts: counters => countersAnswer(() => read(database, counters)),
    addToCounts: (counters, amount) => countersAnswer(() => add(database, counters, amount)),
    readFailures: key => countersAnswer(async () => {
      const [row] = await database.select().from(throttle).where(eq(throttle.key, FAILURES_PREFIX + key))
      return row === undefined ? null : { count: row.points, expiresAt: row.expire! }
    }),
    replaceFailures: (key, from, to) => countersAnswer(() => replace(database, FAILURES_PREFIX + key, from, to)),
    sweep: async () => (
      await inBatches(atMost => countersAnswer(() => removeSome(database, lt(throttle.expire, now()), atMost))) +
      await inBatches(atMost => countersAnswer(() => removeSome(database, gt(throttle.expire, now() + LONGEST_MS), atMost)))
    )
  }
}

async function read (database: PostgresDatabase, counters: Counter[]): Promise<number[]> {
  const keys = keysOf(counters)
  return inOrder(keys, await database.select().from(throttle).where(inArray(throttle.key, keys)))
}

async function add (database: PostgresDatabase, counters: Counter[], points: number): Promise<number[]> {
  const rows = counters.map(({ key, expiresAt: expire }) => ({ key: PREFIX + key, points, expire }))
  // In the same order for all, or two statements that lock the same rows could wait for each other.
  const sorted = rows.toSorted((one, other) => one.key < other.key ? -1 : 1)
  const more = { points: sql`${throttle.points} + excluded.points` }
  return inOrder(keysOf(counters), await database.insert(throttle).values(sorted).onConflictDoUpdate({ target: throttle.key, set: more }).returning())
}

function keysOf (counters: Counter[]): string[] {
  return counters.map(({ key }) => PREFIX + key)
}

function inOrder (keys: string[], rows: Array<{ key: string, points: number }>): number[] {
  return keys.map(key => rows.find(row => row.key === key)?.points ?? 0)
}

async function replace (database: PostgresDatabase, key: string, from: Failures | null, to: Failures | null): Promise<boolean> {
  const row = to && { points: to.count, expire: to.expiresAt }
  if (from === null) return row !== null && (await database.insert(throttle).values({ key, ...row }).onConflictDoNothing()).rowCount! > 0
  const isUnchanged = and(eq(throttle.key, key), eq(throttle.points, from.count), eq(throttle.expire, from.expiresAt))
  const written = await (row === null ? database.delete(throttle).where(isUnchanged) : database.update(throttle).set(row).where(isUnchanged))
  return written.rowCount! > 0
}

async function removeSome (database: PostgresDatabase, isOld: SQL, atMost: number): Promise<number> {
  const old = database.select({ key: throttle.key }).from(throttle).where(isOld).limit(atMost)
  // SKIP LOCKED avoids lock waits, ours and those of the other processes.
  const { rowCount } = await database.delete(throttle).where(inArray(throttle.key, old.for('update', { skipLocked: true })))
  return rowCount!
}
