import { randomBytes } from 'node:crypto'
import { and, asc, eq, gt, inArray, sql, type SQL } from 'drizzle-orm'
import { users } from '../../drizzle/postgres/schema.ts'
import type { PostgresDatabase } from '../database/open-postgres.ts'
import { postgresAnswer } from '../database/postgres-answer.ts'
import { UsersUnavailable } from '../errors.ts'
import { inBatches } from '../in-batches.ts'
import type { Clock } from '../sessions/session-store.ts'
import type { NewUser, User, UserRepository } from './user-repository.ts'

type Table = ReturnType<typeof tableOf>
type Changes = Partial<Pick<User, 'firstName' | 'lastName' | 'email' | 'passwordHash' | 'disabledAt'>> & { sessionEpoch?: SQL }

const BATCH = 1000
const UNIQUE_VIOLATION = '23505'

// In the statement itself, so that of two at once none is lost.
const raised = sql`${users.sessionEpoch} + 1`

/** Users in the table `users`. The connections are shared with the sessions, so whoever opened them closes them. */
export function postgresUserRepository (database: PostgresDatabase, { now }: { now: Clock }): UserRepository {
  const table = tableOf(database, now)
  return {
    findById: id => answer(async () => firstOf(await table.byId.execute({ id }))),
    findByEmail: email => answer(async () => firstOf(await table.byEmail.execute({ email }))),
    create: user => answer(() => insert(table, user)),
    upgradePasswordHash: async (id, from, to) => { await answer(() => upgradePasswordHash(table, id, from, to)) },
    rename: (id, names) => answer(() => change(table, id, names)),
    changeEmail: (id, email) => answer(() => unlessTaken(() => change(table, id, { email }))),
    changePassword: (id, from, to) => answer(() => changePassword(table, id, from, to)),
    setPassword: (id, to) => answer(() => change(table, id, { passwordHash: to, sessionEpoch: raised })),
    setDisabled: (id, disabled) => answer(() => setDisabled(table, id, disabled)),
    raiseSessionEpoch: id => answer(() => change(table, id, { sessionEpoch: raised })),
    raiseEverySessionEpoch: () => raiseEverySessionEpoch(table),
    delete: id => answer(async () => (await database.delete(users).where(eq(users.id, id))).rowCount! > 0),
    list: ({ limit, after = '' }) => answer(async () => await database.select().from(users).where(gt(users.email, after)).orderBy(asc(users.email)).limit(limit)),
    count: () => answer(async () => await database.$count(users)),
    ping: async () => { await answer(() => table.byId.execute({ id: '' })) },
    close: async () => {}
  }
}

function tableOf (database: PostgresDatabase, now: Clock) {
  // Planned once for each connection, as every request runs them.
  const byId = database.select().from(users).where(eq(users.id, sql.placeholder('id'))).prepare('user-by-id')
  const byEmail = database.select().from(users).where(eq(users.email, sql.placeholder('email'))).prepare('user-by-email')
  return { database, now, byId, byEmail }
}

function answer<T> (work: () => Promise<T>): Promise<T> {
  return postgresAnswer(UsersUnavailable, work)
}

function firstOf ([user]: User[]): User | null {
  return user ?? null
}

async function insert ({ database, now }: Table, { firstName, lastName, email, passwordHash }: NewUser): Promise<User | null> {
  const id = randomBytes(16).toString('base64url')
  const createdAt = new Date(now())
  const row = { id, firstName, lastName, email, passwordHash, createdAt, updatedAt: createdAt }
  return firstOf(await database.insert(users).values(row).onConflictDoNothing({ target: users.email }).returning())
}

function set ({ database, now }: Table, changes: Changes) {
  return database.update(users).set({ ...changes, updatedAt: new Date(now()) })
}

/** @returns false when the user is gone */
async function change (table: Table, id: string, changes: Changes): Promise<boolean> {
  return (await set(table, changes).where(eq(users.id, id))).rowCount! > 0
}

// Only over the hash it was made from: a password changed in the meantime stays changed.
function withHash (id: string, passwordHash: string) {
  return and(eq(users.id, id), eq(users.passwordHash, passwordHash))
}

async function upgradePasswordHash (table: Table, id: string, from: string, to: string): Promise<void> {
  await set(table, { passwordHash: to }).where(withHash(id, from))
}

async function changePassword (table: Table, id: string, from: string, to: string): Promise<User | null> {
  return firstOf(await set(table, { passwordHash: to, sessionEpoch: raised }).where(withHash(id, from)).returning())
}

async function setDisabled (table: Table, id: string, disabled: boolean): Promise<boolean> {
  return change(table, id, disabled ? { disabledAt: new Date(table.now()), sessionEpoch: raised } : { disabledAt: null })
}

/** In batches: one statement for many thousand users would take longer than any may. */
function raiseEverySessionEpoch (table: Table): Promise<number> {
  let after = ''
  return inBatches(() => answer(async () => {
    const batch = await table.database.select({ id: users.id }).from(users).where(gt(users.id, after)).orderBy(asc(users.id)).limit(BATCH)
    const ids = batch.map(({ id }) => id)
    if (ids.length === 0) return 0
    await set(table, { sessionEpoch: raised }).where(inArray(users.id, ids))
    after = ids.at(-1)!
    return ids.length
  }))
}

async function unlessTaken (work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    // Drizzle's error, around the driver's.
    if (((error as Error).cause as { code?: string }).code === UNIQUE_VIOLATION) return false
    throw error
  }
}
