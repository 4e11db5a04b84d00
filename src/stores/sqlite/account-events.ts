import { desc, eq, inArray, lt } from 'drizzle-orm'
import { accountEvents, users } from '../../../drizzle/sqlite/schema.ts'
import { type SqliteDatabase, withoutSync } from './open-sqlite.ts'
import { UsersUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { AccountEvents, AccountEventType, RecordedEvent } from '../../users/account-events.ts'
import { queuedAccountEvents } from '../../users/queued-account-events.ts'

/** Events in the table `account_events`, beside the users they belong to. */
export function sqliteAccountEvents (database: SqliteDatabase, options: StoreOptions): AccountEvents {
  const answer = <T> (work: () => T | Promise<T>) => orUnavailable(UsersUnavailable, work)
  return queuedAccountEvents({
    insert: events => answer(() => insert(database, events)),
    latestOf: (userId, limit) => answer(() => latestOf(database, userId, limit)),
    removeBefore: time => answer(() => inBatches(atMost => removeSome(database, time, atMost)))
  }, options)
}

// A user may be deleted while their events wait: those are left out, or the foreign key would refuse all the others too.
function insert (database: SqliteDatabase, events: RecordedEvent[]): void {
  database.transaction(() => {
    const ids = [...new Set(events.map(({ userId }) => userId))]
    const there = new Set(database.select({ id: users.id }).from(users).where(inArray(users.id, ids)).all().map(({ id }) => id))
    const rows = events.filter(({ userId }) => there.has(userId))
    if (rows.length > 0) database.insert(accountEvents).values(rows).run()
  }, { behavior: 'immediate' })
}

function latestOf (database: SqliteDatabase, userId: string, limit: number): RecordedEvent[] {
  const rows = database.select().from(accountEvents).where(eq(accountEvents.userId, userId))
    .orderBy(desc(accountEvents.at), desc(accountEvents.id)).limit(limit).all()
  return rows.map(({ id, type, ...rest }) => ({ ...rest, type: type as AccountEventType }))
}

function removeSome (database: SqliteDatabase, before: Date, atMost: number): number {
  const old = database.select({ id: accountEvents.id }).from(accountEvents).where(lt(accountEvents.at, before)).limit(atMost)
  return withoutSync(database.$client, () => database.delete(accountEvents).where(inArray(accountEvents.id, old)).run().changes)
}
