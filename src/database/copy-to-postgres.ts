import { asc, gt, lte, sql, type SQL } from 'drizzle-orm'
import * as postgres from '../../drizzle/postgres/schema.ts'
import * as sqlite from '../../drizzle/sqlite/schema.ts'
import { UsersUnavailable } from '../errors.ts'
import type { SqliteDatabase } from './open-sqlite.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { postgresAnswer } from './postgres-answer.ts'

/** Few enough for PostgreSQL to take them well within a second. */
const BATCH = 200

export type Counted = Record<'users' | 'events', number>

/**
 * Copies users and events, the sessions' epochs among them. What is there already is left alone, unless the source has it
 * newer, so after a break it can be run again, and also once more for what has changed.
 * @param progress is told after each batch what has been gone through
 * @throws USERS_UNAVAILABLE; what was copied until then stays
 */
export async function copyToPostgres (from: SqliteDatabase, to: PostgresDatabase, progress: (done: Counted) => void): Promise<void> {
  const done = { users: 0, events: 0 }
  for (const rows of batches(after => from.select().from(sqlite.users).where(gt(sqlite.users.id, after)).orderBy(asc(sqlite.users.id)).limit(BATCH).all(), '')) {
    await postgresAnswer(UsersUnavailable, () => insertUsers(to, rows))
    done.users += rows.length
    progress(done)
  }
  for (const rows of batches(after => from.select().from(sqlite.accountEvents).where(gt(sqlite.accountEvents.id, after)).orderBy(asc(sqlite.accountEvents.id)).limit(BATCH).all(), 0)) {
    await postgresAnswer(UsersUnavailable, () => insertEvents(to, rows))
    done.events += rows.length
    progress(done)
  }
}

export async function countsIn (from: SqliteDatabase): Promise<Counted> {
  return { users: await from.$count(sqlite.users), events: await from.$count(sqlite.accountEvents) }
}

/** @throws USERS_UNAVAILABLE */
export async function countsInPostgres (to: PostgresDatabase): Promise<Counted> {
  return await postgresAnswer(UsersUnavailable, async () => ({ users: await to.$count(postgres.users), events: await to.$count(postgres.accountEvents) }))
}

function * batches<Id, Row extends { id: Id }> (read: (after: Id) => Row[], first: Id): Generator<Row[]> {
  for (let rows = read(first); rows.length > 0; rows = read(rows.at(-1)!.id)) yield rows
}

async function insertUsers (to: PostgresDatabase, rows: Array<typeof sqlite.users.$inferSelect>): Promise<void> {
  const { id, ...others } = postgres.users
  const newer = Object.fromEntries(Object.keys(rows[0]!).filter(name => name !== 'id').map(name => [name, excluded(others[name as keyof typeof others] as { name: string })]))
  await to.insert(postgres.users).values(rows).onConflictDoUpdate({ target: id, set: newer, setWhere: lte(postgres.users.updatedAt, excluded(postgres.users.updatedAt)) })
}

async function insertEvents (to: PostgresDatabase, rows: Array<typeof sqlite.accountEvents.$inferSelect>): Promise<void> {
  await to.insert(postgres.accountEvents).overridingSystemValue().values(rows).onConflictDoNothing()
  // Else the next event would be given a number that one of these has.
  await to.execute(sql`select setval(pg_get_serial_sequence('account_events', 'id'), (select max(id) from account_events))`)
}

/** The value that could not be inserted. */
function excluded ({ name }: { name: string }): SQL {
  return sql.raw(`excluded."${name}"`)
}
