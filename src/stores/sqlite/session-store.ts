import { and, eq, gt, inArray, lte, ne, type SQL, sql } from 'drizzle-orm'
import { sessions } from '../../../drizzle/sqlite/schema.ts'
import { takeLock } from './file-lock.ts'
import { type SqliteDatabase, withoutSync } from './open-sqlite.ts'
import { SessionExists, SessionsUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import type { StoreOptions } from '../../observability/store-log.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { checkChanges, checkNew } from '../../sessions/check-session.ts'
import { changedFields } from '../../sessions/session-fields.ts'
import { coreOf } from '../../sessions/session-record.ts'
import type { NewSession, SessionChanges, SessionStore, StoredSession } from '../../sessions/session-store.ts'
import { isNewer, rowOf, type SessionRow, sessionIn } from '../session-row.ts'

type Table = ReturnType<typeof tableOf>
type Progress = (removed: number) => void

/** Sessions in the table `sessions`. The file is shared with the users, so whoever opened it closes it. */
export function sqliteSessionStore (database: SqliteDatabase, options: StoreOptions): SessionStore {
  const table = tableOf(database, options)
  return {
    description: `SQLite at ${database.$client.name}`,
    create: session => create(table, session),
    read: handle => answer(() => read(table, handle)),
    readCore: handle => answer(() => coreOf(read(table, handle))),
    update: (handle, changes) => update(table, handle, changes),
    revoke: async handle => { await answer(() => end(table, eq(sessions.handle, handle))) },
    listOf: userId => answer(() => listOf(table, userId)),
    revokeOf: (userId, handle) => answer(() => end(table, eq(sessions.userId, userId), eq(sessions.handle, handle)) > 0),
    revokeAllOf: (userId, except) => answer(() => end(table, eq(sessions.userId, userId), ne(sessions.handle, except ?? ''))),
    revokeAllOfUsers: userIds => answer(() => end(table, inArray(sessions.userId, userIds))),
    sweep: progress => answer(() => sweep(table, progress)),
    count: () => answer(() => database.$count(sessions, gt(sessions.expiresAt, options.now()))),
    ping: async () => { await answer(() => table.byHandle.all({ handle: '' })) },
    close: async () => {}
  }
}

function tableOf (database: SqliteDatabase, options: StoreOptions) {
  // Compiled once, as every request runs it.
  const byHandle = database.select().from(sessions).where(eq(sessions.handle, sql.placeholder('handle'))).prepare()
  return { ...options, database, byHandle }
}

function answer<T> (work: () => T | Promise<T>): Promise<T> {
  return orUnavailable(SessionsUnavailable, work)
}

async function create ({ database }: Table, session: NewSession): Promise<void> {
  checkNew(session)
  const { changes } = await answer(() => database.insert(sessions).values(rowOf(session)).onConflictDoNothing().run())
  if (changes === 0) throw new SessionExists()
}

function read (table: Table, handle: string): StoredSession | null {
  const [session] = readRows(table, table.byHandle.all({ handle }))
  return session !== undefined && session.expiresAt > table.now() ? session : null
}

async function update (table: Table, handle: string, changes: SessionChanges): Promise<boolean> {
  checkChanges(changes)
  // The lock is taken before reading: a transaction that has read cannot wait for another writer, it only fails.
  return answer(() => table.database.transaction(() => change(table, handle, changes), { behavior: 'immediate' }))
}

function change (table: Table, handle: string, changes: SessionChanges): boolean {
  const session = read(table, handle)
  if (!session) return false
  const { lastSeenAt, expiresAt } = changes.renewal ?? session
  const { version, fields } = rowOf({ ...session, lastSeenAt, fields: changedFields(session.fields, changes) })
  table.database.update(sessions).set({ version, fields, expiresAt }).where(eq(sessions.handle, handle)).run()
  return true
}

function listOf (table: Table, userId: string): StoredSession[] {
  const live = and(eq(sessions.userId, userId), gt(sessions.expiresAt, table.now()))
  return readRows(table, table.database.select().from(sessions).where(live).all())
}

/** Ends sessions, the expired among them too. @returns how many of them were alive */
function end ({ database, now }: Table, ...which: SQL[]): number {
  const time = now()
  const ended = database.delete(sessions).where(and(...which)).returning({ expiresAt: sessions.expiresAt }).all()
  return ended.filter(({ expiresAt }) => expiresAt > time).length
}

/** One process at a time, as two would only wait for each other's writes. Whoever comes second has nothing to do. */
async function sweep (table: Table, progress?: Progress): Promise<number> {
  const release = lockToSweep(table)
  return release === null ? 0 : await removeExpired(table, progress).finally(release)
}

function lockToSweep ({ database }: Table): (() => void) | null {
  try {
    return takeLock(`${database.$client.name}.sweep`, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'SQLITE_BUSY') return null
    throw error
  }
}

async function removeExpired ({ database, now }: Table, progress?: Progress): Promise<number> {
  const expired = database.select({ handle: sessions.handle }).from(sessions).where(lte(sessions.expiresAt, now()))
  const batch = database.delete(sessions).where(inArray(sessions.handle, expired.limit(sql.placeholder('atMost')))).prepare()
  return await inBatches(atMost => withoutSync(database.$client, () => batch.run({ atMost }).changes), { progress })
}

/** The sessions in rows. A row that is not one of ours goes, as nothing else would ever remove it; one of a newer release stays. */
function readRows ({ database, log }: Table, rows: SessionRow[]): StoredSession[] {
  return rows.filter(row => !isNewer(row)).flatMap(row => {
    const session = sessionIn(row)
    if (session) return session
    database.delete(sessions).where(eq(sessions.handle, row.handle)).run()
    log.warn({ handle: row.handle }, 'removed a stored session that is not one of ours')
    return []
  })
}
