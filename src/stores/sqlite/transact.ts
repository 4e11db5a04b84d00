import { eq, exists, type SQL } from 'drizzle-orm'
import { accountEvents, credentials, users } from '../../../drizzle/sqlite/schema.ts'
import type { Clock } from '../../clock.ts'
import type { NewCredential } from '../../credentials/credentials.ts'
import { UsersUnavailable } from '../../errors.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { SqliteDatabase } from './open-sqlite.ts'
import type { Outcome, Transact, UserCondition, Write } from '../../accounts/transact.ts'
import { changesOf, conditionOf, isPassword, replacementOf } from '../account-writes.ts'

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
  if ('update' in write) {
    const changes = { ...changesOf(users, write.set), updatedAt: at }
    return database.update(users).set(changes).where(conditionFor(database, write.where)).run().changes
  }
  if ('delete' in write) return database.delete(users).where(conditionFor(database, write.where)).run().changes
  if ('put' in write) return put(database, write.values, at).run().changes
  if (write.insert === 'user') return database.insert(users).values(write.values).run().changes
  return database.insert(accountEvents).values({ ...write.values, at }).run().changes
}

function put (database: SqliteDatabase, credential: NewCredential, createdAt: Date) {
  return database.insert(credentials).values({ ...credential, createdAt })
    .onConflictDoUpdate({
      target: [credentials.kind, credentials.identifier],
      set: replacementOf(credential, createdAt),
      setWhere: eq(credentials.userId, credential.userId)
    })
}

function conditionFor (database: SqliteDatabase, required: UserCondition): SQL | undefined {
  return conditionOf(users, required, hash => (
    exists(database.select({ id: credentials.userId }).from(credentials).where(isPassword(credentials, required.id, hash)))
  ))
}
