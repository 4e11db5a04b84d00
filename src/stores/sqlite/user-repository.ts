import { asc, count, eq, gt, inArray, sql } from 'drizzle-orm'
import { users } from '../../../drizzle/sqlite/schema.ts'
import type { Clock } from '../../clock.ts'
import type { SqliteDatabase } from './open-sqlite.ts'
import type { SqliteClient } from './driver.ts'
import { rowCache } from './row-cache.ts'
import { UsersUnavailable } from '../../errors.ts'
import { BRISK, inBatches } from '../../async/in-batches.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { UserRepository } from '../../users/user-repository.ts'

type Table = ReturnType<typeof tableOf>

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
  const byId = rowCache(watching, id => table.byId.get({ id }))
  return {
    findById: id => answer(() => byId(id) ?? null),
    findByEmail: email => answer(() => table.byEmail.get({ email }) ?? null),
    raiseEverySessionEpoch: progress => answer(() => raiseEverySessionEpoch(table, progress)),
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

function answer<T> (work: () => T | Promise<T>): Promise<T> {
  return orUnavailable(UsersUnavailable, work)
}

function raise ({ database, now }: Table) {
  return database.update(users).set({ sessionEpoch: raised, updatedAt: new Date(now()) })
}

/** In batches: one write of many thousand users would keep a running service from writing for longer than it waits. */
function raiseEverySessionEpoch (table: Table, progress?: (users: number) => void): Promise<number> {
  let after = ''
  return inBatches(atMost => {
    const batch = table.database.select({ id: users.id }).from(users).where(gt(users.id, after)).orderBy(asc(users.id)).limit(atMost).all()
    if (batch.length === 0) return 0
    raise(table).where(inArray(users.id, batch.map(({ id }) => id))).run()
    after = batch.at(-1)!.id
    return batch.length
  }, { pace: BRISK, progress })
}
