import { inArray, lt } from 'drizzle-orm'
import { throttle } from '../../drizzle/sqlite/schema.ts'
import type { SqliteDatabase } from '../database/open-sqlite.ts'
import { inBatches } from '../in-batches.ts'

const SWEEP_BATCH = 200

/** Removes counts that have run out, which nobody would count on. In Redis they go by themselves. @returns how many */
export async function sweepCounts (database: SqliteDatabase, now: number): Promise<number> {
  const old = database.select({ key: throttle.key }).from(throttle).where(lt(throttle.expire, now)).limit(SWEEP_BATCH)
  const batch = database.delete(throttle).where(inArray(throttle.key, old))
  return await inBatches(() => batch.run().changes)
}
