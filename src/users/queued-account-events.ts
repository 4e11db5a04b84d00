import type { StoreOptions } from '../observability/store-log.ts'
import { type AccountEvents, KEPT_MS, LISTED_MAX, type RecordedEvent } from './account-events.ts'
import { EventQueue } from './event-queue.ts'

/** What each database does on its own. Each call rejects with USERS_UNAVAILABLE when it can't. */
interface EventTable {
  insert (events: RecordedEvent[]): Promise<void>
  latestOf (userId: string, limit: number): Promise<RecordedEvent[]>
  /** In small batches. @returns how many were removed */
  removeBefore (time: Date): Promise<number>
}

/** Events that wait in memory until they are in the table. */
export function queuedAccountEvents (table: EventTable, { now, log }: StoreOptions): AccountEvents {
  const queue = new EventQueue({ now, log, write: events => table.insert(events) })
  return {
    record: event => queue.record(event),
    flush: () => queue.flush(),
    close: () => queue.close(),
    dropped: () => queue.dropped,
    sweep: () => table.removeBefore(new Date(now() - KEPT_MS)),
    async listOf (userId, limit = LISTED_MAX) {
      // What somebody has just done is on the page that they look at next.
      await queue.flush()
      return await table.latestOf(userId, limit)
    }
  }
}
