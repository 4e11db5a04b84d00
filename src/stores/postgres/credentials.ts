import { and, eq, sql } from 'drizzle-orm'
import { credentials } from '../../../drizzle/postgres/schema.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { UsersUnavailable } from '../../errors.ts'
import { timeLeft } from '../../async/time-budget.ts'
import type { Credentials } from '../../credentials/credentials.ts'

const isPassword = eq(credentials.kind, 'password')

/** Credentials in the table `credentials`, beside the users they belong to. */
export function postgresCredentials (database: PostgresDatabase): Credentials {
  const answer = <T> (work: () => Promise<T>) => queryWithTimeout(UsersUnavailable, work, timeLeft)
  // Planned once for each connection, as every login runs it.
  const ofUser = database.select({ secret: credentials.secret }).from(credentials)
    .where(and(isPassword, eq(credentials.identifier, sql.placeholder('userId')))).prepare('password-of-user')
  return {
    passwordOf: userId => answer(async () => (await ofUser.execute({ userId }))[0]?.secret ?? null),
    upgradePassword: async (userId, from, to) => { await answer(() => upgrade(database, userId, from, to)) }
  }
}

async function upgrade (database: PostgresDatabase, userId: string, from: string, to: string): Promise<void> {
  await database.update(credentials).set({ secret: to }).where(and(isPassword, eq(credentials.identifier, userId), eq(credentials.secret, from)))
}
