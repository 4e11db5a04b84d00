import { randomBytes } from 'node:crypto'
import { and, asc, count, eq, gt, sql, type SQL } from 'drizzle-orm'
import { users } from '../../drizzle/sqlite/schema.ts'
import type { SqliteDatabase } from '../database/open-sqlite.ts'
import type { SqliteClient } from '../database/sqlite-driver.ts'
import { whileUnchanged } from '../database/while-unchanged.ts'
import { UsersUnavailable } from '../errors.ts'
import type { Clock } from '../sessions/session-store.ts'
import { orUnavailable } from '../unavailable.ts'
import type { NewUser, User, UserRepository } from './user-repository.ts'

type Table = ReturnType<typeof tableOf>
type Changes = Partial<Pick<User, 'firstName' | 'lastName' | 'email' | 'passwordHash' | 'disabledAt'>> & { sessionEpoch?: SQL }

// In the statement itself, so that of two at once none is lost.
const raised = sql`${users.sessionEpoch} + 1`

interface SqliteUsersOptions {
  now: Clock
  /** Another connection to the same file, which writes no users. */
  watching: SqliteClient
}

/** Users in the table `users`. The file is shared with the sessions, so whoever opened it closes it. */
export function sqliteUserRepository (database: SqliteDatabase, { now, watching }: SqliteUsersOptions): UserRepository {
  const table = tableOf(database, now)
  const byId = whileUnchanged(watching, id => table.byId.get({ id }))
  return {
    findById: id => answer(() => byId(id) ?? null),
    findByEmail: email => answer(() => table.byEmail.get({ email }) ?? null),
    create: user => answer(() => insert(table, user)),
    upgradePasswordHash: async (id, from, to) => { await answer(() => upgradePasswordHash(table, id, from, to)) },
    rename: (id, names) => answer(() => change(table, id, names)),
    changeEmail: (id, email) => answer(() => unlessTaken(() => change(table, id, { email }))),
    changePassword: (id, from, to) => answer(() => changePassword(table, id, from, to)),
    setPassword: (id, to) => answer(() => change(table, id, { passwordHash: to, sessionEpoch: raised })),
    setDisabled: (id, disabled) => answer(() => setDisabled(table, id, disabled)),
    raiseSessionEpoch: id => answer(() => change(table, id, { sessionEpoch: raised })),
    raiseEverySessionEpoch: () => answer(() => set(table, { sessionEpoch: raised }).run().changes),
    delete: id => answer(() => database.delete(users).where(eq(users.id, id)).run().changes > 0),
    list: ({ limit, after = '' }) => answer(() => database.select().from(users).where(gt(users.email, after)).orderBy(asc(users.email)).limit(limit).all()),
    count: () => answer(() => database.select({ all: count() }).from(users).get()!.all),
    ping: async () => { await answer(() => table.byId.get({ id: '' })) },
    close: async () => {}
  }
}

function tableOf (database: SqliteDatabase, now: Clock) {
  // Compiled once, as every request runs them.
  const byId = database.select().from(users).where(eq(users.id, sql.placeholder('id'))).prepare()
  const byEmail = database.select().from(users).where(eq(users.email, sql.placeholder('email'))).prepare()
  return { database, now, byId, byEmail }
}

function answer<T> (work: () => T): Promise<T> {
  return orUnavailable(UsersUnavailable, work)
}

function insert ({ database, now }: Table, { firstName, lastName, email, passwordHash }: NewUser): User | null {
  const id = randomBytes(16).toString('base64url')
  const createdAt = new Date(now())
  const row = { id, firstName, lastName, email, passwordHash, createdAt, updatedAt: createdAt }
  return onlyRow(database.insert(users).values(row).onConflictDoNothing({ target: users.email }).returning())
}

function set ({ database, now }: Table, changes: Changes) {
  return database.update(users).set({ ...changes, updatedAt: new Date(now()) })
}

/** @returns false when the user is gone */
function change (table: Table, id: string, changes: Changes): boolean {
  return set(table, changes).where(eq(users.id, id)).run().changes > 0
}

// Only over the hash it was made from: a password changed in the meantime stays changed.
function withHash (id: string, passwordHash: string) {
  return and(eq(users.id, id), eq(users.passwordHash, passwordHash))
}

function upgradePasswordHash (table: Table, id: string, from: string, to: string): void {
  set(table, { passwordHash: to }).where(withHash(id, from)).run()
}

function changePassword (table: Table, id: string, from: string, to: string): User | null {
  return onlyRow(set(table, { passwordHash: to, sessionEpoch: raised }).where(withHash(id, from)).returning())
}

// Not by get(): it hands out the row before the commit and keeps silent when that fails, as on a full disk.
function onlyRow (written: { all (): User[] }): User | null {
  return written.all()[0] ?? null
}

function setDisabled (table: Table, id: string, disabled: boolean): boolean {
  return change(table, id, disabled ? { disabledAt: new Date(table.now()), sessionEpoch: raised } : { disabledAt: null })
}

function unlessTaken (work: () => boolean): boolean {
  try {
    return work()
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_CONSTRAINT_UNIQUE') return false
    throw error
  }
}
