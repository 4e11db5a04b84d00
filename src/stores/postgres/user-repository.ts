import { asc, eq, gt, inArray, sql } from 'drizzle-orm'
import { users } from '../../../drizzle/postgres/schema.ts'
import type { Clock } from '../../clock.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { UsersUnavailable } from '../../errors.ts'
import { BRISK, inBatches } from '../../async/in-batches.ts'
import { timeLeft } from '../../async/time-budget.ts'
import type { Account, UserRepository } from '../../users/user-repository.ts'

type Table = ReturnType<typeof tableOf>

// In the statement itself, so that of two at once none is lost.
const raised = sql`${users.sessionEpoch} + 1`

/** Users in the table `users`. The connections are shared with the sessions, so whoever opened them closes them. */
export function postgresUserRepository (database: PostgresDatabase, { now }: { now: Clock }): UserRepository {
  const table = tableOf(database, now)
  return {
    findById: id => answer(async () => firstOf(await table.byId.execute({ id }))),
    findByEmail: email => answer(async () => firstOf(await table.byEmail.execute({ email })), timeLeft),
    raiseEverySessionEpoch: progress => raiseEverySessionEpoch(table, progress),
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

function answer<T> (work: () => Promise<T>, timeout?: () => number): Promise<T> {
  return queryWithTimeout(UsersUnavailable, work, timeout)
}

function firstOf ([user]: Account[]): Account | null {
  return user ?? null
}

function raise ({ database, now }: Table) {
  return database.update(users).set({ sessionEpoch: raised, updatedAt: new Date(now()) })
}

/** In batches: one statement for many thousand users would take longer than any may. */
function raiseEverySessionEpoch (table: Table, progress?: (users: number) => void): Promise<number> {
  let after = ''
  return inBatches(atMost => answer(async () => {
    const batch = await table.database.select({ id: users.id }).from(users).where(gt(users.id, after)).orderBy(asc(users.id)).limit(atMost)
    const ids = batch.map(({ id }) => id)
    if (ids.length === 0) return 0
    await raise(table).where(inArray(users.id, ids))
    after = ids.at(-1)!
    return ids.length
  }), { pace: BRISK, progress })
}
