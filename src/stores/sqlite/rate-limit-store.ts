import { and, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { throttle } from '../../../drizzle/sqlite/schema.ts'
import type { Clock } from '../../clock.ts'
import { type OpenedSqlite, openSqlite, type SqliteDatabase } from './open-sqlite.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { Failures } from '../../authentication/limits/backoff.ts'
import { type Counter, FAILURES_PREFIX, LONGEST_MS, PREFIX, type RateLimitStore } from '../../authentication/limits/rate-limit-store.ts'

/** The database on a connection of its own, which does not wait for the disk at each count: a power cut may take the last of them. */
export function openCounters (path: string, now: Clock): OpenedSqlite {
  const counters = openSqlite(path, now)
  counters.$client.pragma('synchronous = NORMAL')
  return counters
}

/** Counters in the table `throttle`. */
export function sqliteRateLimitStore (database: SqliteDatabase, { now }: { now: Clock }): RateLimitStore {
  return {
    readCounts: async counters => read(database, counters),
    addToCounts: async (counters, amount) => add(database, counters, amount),
    readFailures: async key => {
      const row = database.select().from(throttle).where(eq(throttle.key, FAILURES_PREFIX + key)).get()
      return row === undefined ? null : { count: row.points, expiresAt: row.expire! }
    },
    replaceFailures: async (key, from, to) => replace(database, FAILURES_PREFIX + key, from, to),
    sweep: async () => (
      await inBatches(atMost => removeSome(database, lt(throttle.expire, now()), atMost)) +
      await inBatches(atMost => removeSome(database, gt(throttle.expire, now() + LONGEST_MS), atMost))
    )
  }
}

function read (database: SqliteDatabase, counters: Counter[]): number[] {
  const keys = counters.map(({ key }) => PREFIX + key)
  const rows = database.select().from(throttle).where(inArray(throttle.key, keys)).all()
  return keys.map(key => rows.find(row => row.key === key)?.points ?? 0)
}

function add (database: SqliteDatabase, counters: Counter[], points: number): number[] {
  const more = { points: sql`${throttle.points} + ${points}` }
  return database.transaction(() => counters.map(({ key, expiresAt: expire }) => {
    const written = database.insert(throttle).values({ key: PREFIX + key, points, expire }).onConflictDoUpdate({ target: throttle.key, set: more }).returning()
    return written.all()[0]!.points
  }), { behavior: 'immediate' })
}

function replace (database: SqliteDatabase, key: string, from: Failures | null, to: Failures | null): boolean {
  const row = to && { points: to.count, expire: to.expiresAt }
  if (from === null) return row !== null && database.insert(throttle).values({ key, ...row }).onConflictDoNothing().run().changes > 0
  const isUnchanged = and(eq(throttle.key, key), eq(throttle.points, from.count), eq(throttle.expire, from.expiresAt))
  const written = row === null ? database.delete(throttle).where(isUnchanged).run() : database.update(throttle).set(row).where(isUnchanged).run()
  return written.changes > 0
}

function removeSome (database: SqliteDatabase, isOld: SQL, atMost: number): number {
  const old = database.select({ key: throttle.key }).from(throttle).where(isOld).limit(atMost)
  return database.delete(throttle).where(inArray(throttle.key, old)).run().changes
}
