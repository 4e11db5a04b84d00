import { and, eq, gt, inArray, lte, ne, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { sessions } from '../../../drizzle/postgres/schema.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { inTransaction } from './transaction.ts'
import { SessionExists, SessionsUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import { timeLeft } from '../../async/time-budget.ts'
import { checkChanges, checkNew } from '../../sessions/check-session.ts'
import { changedFields } from '../../sessions/session-fields.ts'
import { coreOf } from '../../sessions/session-record.ts'
import type { NewSession, SessionChanges, SessionStore, StoredSession } from '../../sessions/session-store.ts'
import { isNewer, rowOf, type SessionRow, sessionIn } from '../session-row.ts'

type Table = ReturnType<typeof tableOf>
type Progress = (removed: number) => void

/** Sessions in the table `sessions`. The connections are shared with the users, so whoever opened them closes them. */
export function postgresSessionStore (database: PostgresDatabase, options: StoreOptions): SessionStore {
  const table = tableOf(database, options)
  return {
    description: `PostgreSQL at ${database.place}`,
    create: session => create(table, session),
    read: handle => answer(() => read(table, handle)),
    readCore: handle => answer(async () => coreOf(await read(table, handle))),
    update: (handle, changes) => update(table, handle, changes),
    revoke: async handle => { await patiently(() => end(table, eq(sessions.handle, handle))) },
    listOf: userId => patiently(() => listOf(table, userId)),
    revokeOf: (userId, handle) => patiently(async () => await end(table, eq(sessions.userId, userId), eq(sessions.handle, handle)) > 0),
    revokeAllOf: (userId, except) => patiently(() => end(table, eq(sessions.userId, userId), ne(sessions.handle, except ?? ''))),
    revokeAllOfUsers: userIds => patiently(() => end(table, inArray(sessions.userId, userIds))),
    sweep: progress => sweep(table, progress),
    count: () => answer(() => database.$count(sessions, gt(sessions.expiresAt, options.now()))),
    ping: async () => { await answer(() => table.byHandle.execute({ handle: '' })) },
    close: async () => {}
  }
}

function tableOf (database: PostgresDatabase, options: StoreOptions) {
  // Planned once for each connection, as every request runs it.
  const handle = sql.param(sql.placeholder('handle'), sessions.handle)
  const byHandle = database.select().from(sessions).where(eq(sessions.handle, handle)).prepare('session-by-handle')
  return { ...options, database, byHandle }
}

function answer<T> (work: () => Promise<T>): Promise<T> {
  return queryWithTimeout(SessionsUnavailable, work)
}

/** Where a form waits. */
function patiently<T> (work: () => Promise<T>): Promise<T> {
  return queryWithTimeout(SessionsUnavailable, work, timeLeft)
}

async function create ({ database }: Table, session: NewSession): Promise<void> {
  checkNew(session)
  const { rowCount } = await patiently(async () => await database.insert(sessions).values(rowOf(session)).onConflictDoNothing())
  if (rowCount === 0) throw new SessionExists()
}

async function read (table: Table, handle: string): Promise<StoredSession | null> {
  const [session] = await readRows(table, await table.byHandle.execute({ handle }))
  return session !== undefined && session.expiresAt > table.now() ? session : null
}

async function update (table: Table, handle: string, changes: SessionChanges): Promise<boolean> {
  checkChanges(changes)
  return answer(() => inTransaction(table.database, transaction => change(table, transaction, handle, changes)))
}

async function change (table: Table, transaction: NodePgDatabase, handle: string, changes: SessionChanges): Promise<boolean> {
  const time = table.now()
  // Locked when it is read: whoever updates or revokes it beside us comes before or after, never in between.
  const rows = await transaction.select().from(sessions).where(eq(sessions.handle, handle)).for('update')
  const session = (await readRows({ ...table, database: transaction }, rows)).find(session => session.expiresAt > time)
  if (!session) return false
  const { lastSeenAt, expiresAt } = changes.renewal ?? session
  const { version, fields } = rowOf({ ...session, lastSeenAt, fields: changedFields(session.fields, changes) })
  await transaction.update(sessions).set({ version, fields, expiresAt }).where(eq(sessions.handle, handle))
  return true
}

async function listOf (table: Table, userId: string): Promise<StoredSession[]> {
  const live = and(eq(sessions.userId, userId), gt(sessions.expiresAt, table.now()))
  return await readRows(table, await table.database.select().from(sessions).where(live))
}

/** Ends sessions, the expired among them too. @returns how many of them were alive */
async function end ({ database, now }: Table, ...which: SQL[]): Promise<number> {
  const time = now()
  const ended = await database.delete(sessions).where(and(...which)).returning({ expiresAt: sessions.expiresAt })
  return ended.filter(({ expiresAt }) => expiresAt > time).length
}

async function sweep (table: Table, progress?: Progress): Promise<number> {
  return await inBatches(atMost => answer(() => removeExpired(table, atMost)), { progress })
}

async function removeExpired ({ database, now }: Table, atMost: number): Promise<number> {
  const expired = database.select({ handle: sessions.handle }).from(sessions).where(lte(sessions.expiresAt, now())).limit(atMost)
  // SKIP LOCKED avoids lock waits between processes that sweep at once.
  return (await database.delete(sessions).where(inArray(sessions.handle, expired.for('update', { skipLocked: true })))).rowCount!
}

/** The sessions in rows. A row that is not one of ours goes, as nothing else would ever remove it; one of a newer release stays. */
async function readRows (table: Pick<Table, 'log'> & { database: NodePgDatabase }, rows: SessionRow[]): Promise<StoredSession[]> {
  const found = rows.map(sessionIn)
  const foreign = rows.filter((row, at) => found[at] === null && !isNewer(row)).map(({ handle }) => handle)
  if (foreign.length > 0) await remove(table, foreign)
  return found.filter(session => session !== null)
}

async function remove ({ database, log }: Pick<Table, 'log'> & { database: NodePgDatabase }, handles: string[]): Promise<void> {
  const removed = await database.delete(sessions).where(inArray(sessions.handle, handles)).returning({ handle: sessions.handle })
  // Of two that find it at once, one removes it.
  for (const { handle } of removed) log.warn({ handle }, 'removed a stored session that is not one of ours')
}
