import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import { accountEvents, credentials, users } from '../../../drizzle/sqlite/schema.ts'
import type { Clock } from '../../clock.ts'
import type { NewCredential } from '../../credentials/credentials.ts'
import { UsersUnavailable } from '../../errors.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { SqliteDatabase } from './open-sqlite.ts'
import type { Outcome, Transact, UserChanges, UserCondition, Write } from '../../accounts/transact.ts'

/** Takes a transaction back. */
class Conflict extends Error {}

export function sqliteTransact (database: SqliteDatabase, { now }: { now: Clock }): Transact {
  return writes => orUnavailable(UsersUnavailable, () => outcomeOf(() => database.transaction(() => {
    const at = new Date(now())
    for (const write of writes) if (rowsChanged(database, write, at) !== 1) throw new Conflict()
    // The lock is taken before reading: a transaction that has read cannot wait for another writer, it only fails.
  }, { behavior: 'immediate' })))
}

function outcomeOf (transaction: () => void): Outcome {
  try {
    transaction()
    return 'done'
  } catch (error) {
    if (error instanceof Conflict) return 'conflict'
    if ((error as { code?: string }).code === 'SQLITE_CONSTRAINT_UNIQUE') return 'email taken'
    throw error
  }
}

function rowsChanged (database: SqliteDatabase, write: Write, at: Date): number {
  if ('update' in write) return database.update(users).set({ ...columnsOf(write.set), updatedAt: at }).where(matching(database, write.where)).run().changes
  if ('delete' in write) return database.delete(users).where(matching(database, write.where)).run().changes
  if ('put' in write) return put(database, write.values, at).run().changes
  if (write.insert === 'user') return database.insert(users).values(write.values).run().changes
  return database.insert(accountEvents).values({ ...write.values, at }).run().changes
}

function put (database: SqliteDatabase, credential: NewCredential, createdAt: Date) {
  const { secret, userId } = credential
  const set = { secret, label: null, createdAt, lastUsedAt: null, data: null, keyId: null }
  return database.insert(credentials).values({ ...credential, createdAt })
    .onConflictDoUpdate({ target: [credentials.kind, credentials.identifier], set, setWhere: eq(credentials.userId, userId) })
}

// In the statement itself, so that of two at once none is lost.
function columnsOf ({ sessionEpoch, ...columns }: UserChanges) {
  return sessionEpoch === undefined ? columns : { ...columns, sessionEpoch: sql`${users.sessionEpoch} + 1` }
}

function matching (database: SqliteDatabase, { id, sessionEpoch, passwordHash }: UserCondition): SQL | undefined {
  return and(
    eq(users.id, id),
    sessionEpoch === undefined ? undefined : eq(users.sessionEpoch, sessionEpoch),
    passwordHash === undefined ? undefined : hasPassword(database, id, passwordHash)
  )
}

function hasPassword (database: SqliteDatabase, userId: string, hash: string): SQL {
  const { kind, identifier, secret } = credentials
  const password = and(eq(kind, 'password'), eq(identifier, userId), eq(secret, hash))
  return exists(database.select({ secret }).from(credentials).where(password))
}
