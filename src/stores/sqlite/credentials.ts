import { and, eq, sql } from 'drizzle-orm'
import { credentials } from '../../../drizzle/sqlite/schema.ts'
import type { SqliteDatabase } from './open-sqlite.ts'
import { UsersUnavailable } from '../../errors.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { Credentials } from '../../credentials/credentials.ts'

const isPassword = eq(credentials.kind, 'password')

/** Credentials in the table `credentials`, beside the users they belong to. */
export function sqliteCredentials (database: SqliteDatabase): Credentials {
  const answer = <T> (work: () => T) => orUnavailable(UsersUnavailable, work)
  // Compiled once, as every login runs it.
  const ofUser = database.select({ secret: credentials.secret }).from(credentials)
    .where(and(isPassword, eq(credentials.identifier, sql.placeholder('userId')))).prepare()
  return {
    passwordOf: userId => answer(() => ofUser.get({ userId })?.secret ?? null),
    upgradePassword: async (userId, from, to) => { await answer(() => upgrade(database, userId, from, to)) }
  }
}

function upgrade (database: SqliteDatabase, userId: string, from: string, to: string): void {
  database.update(credentials).set({ secret: to }).where(and(isPassword, eq(credentials.identifier, userId), eq(credentials.secret, from))).run()
}
