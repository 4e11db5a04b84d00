import { asc, desc, eq, inArray, lt } from 'drizzle-orm'
import { accountEvents, users } from '../../../drizzle/postgres/schema.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { inTransaction } from './transaction.ts'
import { UsersUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import type { AccountEvents, AccountEventType, RecordedEvent } from '../../users/account-events.ts'
import { queuedAccountEvents } from '../../users/queued-account-events.ts'

/** Events in the table `account_events`, beside the users they belong to. */
export function postgresAccountEvents (database: PostgresDatabase, options: StoreOptions): AccountEvents {
  const answer = <T> (work: (isLate: () => boolean) => Promise<T>) => queryWithTimeout(UsersUnavailable, work)
  return queuedAccountEvents({
    insert: events => answer(isLate => insert(database, events, isLate)),
    latestOf: (userId, limit) => answer(() => latestOf(database, userId, limit)),
    removeBefore: time => inBatches(atMost => answer(() => removeSome(database, time, atMost)))
  }, options)
}

// A user may be deleted while their events wait: those are left out, or the foreign key would refuse all the others too.
async function insert (database: PostgresDatabase, events: RecordedEvent[], isLate: () => boolean): Promise<void> {
  await inTransaction(database, async transaction => {
    const ids = [...new Set(events.map(({ userId }) => userId))]
    // Who is there stays there until the end of the transaction.
    const found = await transaction.select({ id: users.id }).from(users).where(inArray(users.id, ids))
      .orderBy(asc(users.id)).for('key share')
    const there = new Set(found.map(({ id }) => id))
    const rows = events.filter(({ userId }) => there.has(userId))
    if (rows.length > 0) await transaction.insert(accountEvents).values(rows)
    // They are written again when they were given up, and would be there twice.
  }, () => !isLate())
}

async function latestOf (database: PostgresDatabase, userId: string, limit: number): Promise<RecordedEvent[]> {
  const rows = await database.select().from(accountEvents).where(eq(accountEvents.userId, userId))
    .orderBy(desc(accountEvents.at), desc(accountEvents.id)).limit(limit)
  return rows.map(({ id, type, ...rest }) => ({ ...rest, type: type as AccountEventType }))
}

async function removeSome (database: PostgresDatabase, before: Date, atMost: number): Promise<number> {
  const old = database.select({ id: accountEvents.id }).from(accountEvents).where(lt(accountEvents.at, before)).limit(atMost)
  // SKIP LOCKED avoids lock waits between processes that sweep at once.
  return (await database.delete(accountEvents).where(inArray(accountEvents.id, old.for('update', { skipLocked: true })))).rowCount!
}
