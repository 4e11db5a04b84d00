import { asc, getTableColumns, gt, inArray, lte, sql, type SQL } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import * as postgres from '../../../drizzle/postgres/schema.ts'
import * as sqlite from '../../../drizzle/sqlite/schema.ts'
import { UsersUnavailable } from '../../errors.ts'
import type { SqliteDatabase } from '../sqlite/open-sqlite.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { inTransaction } from './transaction.ts'

/** Few enough for PostgreSQL to take them well within a second. */
const BATCH = 200

export type Counted = Record<'users' | 'credentials' | 'events', number>

/**
 * Copies users with their session epochs, credentials, known devices and events. Existing rows are left alone unless the
 * source has them newer, so it can be run again after an interruption, and once more for what has changed.
 * @param progress is told after each batch what has been gone through
 * @throws USERS_UNAVAILABLE; what was copied until then stays
 */
export async function copyToPostgres (from: SqliteDatabase, to: PostgresDatabase, progress: (done: Counted) => void): Promise<void> {
  const done = { users: 0, credentials: 0, events: 0 }
  for (const rows of batches(after => from.select().from(sqlite.users).where(gt(sqlite.users.id, after)).orderBy(asc(sqlite.users.id)).limit(BATCH).all(), '')) {
    const ids = rows.map(({ id }) => id)
    const credentials = from.select().from(sqlite.credentials).where(inArray(sqlite.credentials.userId, ids)).all()
    const devices = from.select().from(sqlite.knownDevices).where(inArray(sqlite.knownDevices.userId, ids)).all()
    // Together: nobody is there without their password.
    await queryWithTimeout(UsersUnavailable, () => inTransaction(to, async transaction => {
      await insertUsers(transaction, rows)
      if (credentials.length > 0) await insertCredentials(transaction, credentials)
      if (devices.length > 0) await insertDevices(transaction, devices)
    }))
    done.users += rows.length
    done.credentials += credentials.length
    progress(done)
  }
  for (const rows of batches(after => from.select().from(sqlite.accountEvents).where(gt(sqlite.accountEvents.id, after)).orderBy(asc(sqlite.accountEvents.id)).limit(BATCH).all(), 0)) {
    await queryWithTimeout(UsersUnavailable, () => insertEvents(to, rows))
    done.events += rows.length
    progress(done)
  }
}

export async function countsIn (from: SqliteDatabase): Promise<Counted> {
  return { users: await from.$count(sqlite.users), credentials: await from.$count(sqlite.credentials), events: await from.$count(sqlite.accountEvents) }
}

/** @throws USERS_UNAVAILABLE */
export async function countsInPostgres (to: PostgresDatabase): Promise<Counted> {
  return await queryWithTimeout(UsersUnavailable, async () => ({
    users: await to.$count(postgres.users), credentials: await to.$count(postgres.credentials), events: await to.$count(postgres.accountEvents)
  }))
}

function * batches<Id, Row extends { id: Id }> (read: (after: Id) => Row[], first: Id): Generator<Row[]> {
  for (let rows = read(first); rows.length > 0; rows = read(rows.at(-1)!.id)) yield rows
}

async function insertUsers (to: NodePgDatabase, rows: Array<typeof sqlite.users.$inferSelect>): Promise<void> {
  const { id, ...others } = getTableColumns(postgres.users)
  const isNewer = lte(others.updatedAt, excluded(others.updatedAt))
  await to.insert(postgres.users).values(rows).onConflictDoUpdate({ target: id, set: allExcluded(others), setWhere: isNewer })
}

// A password is as new as its choice, whatever else of the user was changed.
async function insertCredentials (to: NodePgDatabase, rows: Array<typeof sqlite.credentials.$inferSelect>): Promise<void> {
  const { kind, identifier, ...others } = getTableColumns(postgres.credentials)
  const isNewer = lte(others.createdAt, excluded(others.createdAt))
  await to.insert(postgres.credentials).values(rows).onConflictDoUpdate({ target: [kind, identifier], set: allExcluded(others), setWhere: isNewer })
}

// The later they expire, the later one of them was used.
async function insertDevices (to: NodePgDatabase, rows: Array<typeof sqlite.knownDevices.$inferSelect>): Promise<void> {
  const { userId, ...others } = getTableColumns(postgres.knownDevices)
  const isNewer = lte(others.expiresAt, excluded(others.expiresAt))
  await to.insert(postgres.knownDevices).values(rows).onConflictDoUpdate({ target: userId, set: allExcluded(others), setWhere: isNewer })
}

async function insertEvents (to: PostgresDatabase, rows: Array<typeof sqlite.accountEvents.$inferSelect>): Promise<void> {
  await to.insert(postgres.accountEvents).overridingSystemValue().values(rows).onConflictDoNothing()
  // Else the next event would be given a number that one of these has.
  await to.execute(sql`select setval(pg_get_serial_sequence('account_events', 'id'), (select max(id) from account_events))`)
}

function allExcluded (columns: Record<string, { name: string }>): Record<string, SQL> {
  return Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, excluded(column)]))
}

/** The value that could not be inserted. */
function excluded ({ name }: { name: string }): SQL {
  return sql.raw(`excluded."${name}"`)
}
