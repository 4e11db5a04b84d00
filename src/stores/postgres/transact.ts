import { eq, exists, type SQL } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { accountEvents, credentials, users } from '../../../drizzle/postgres/schema.ts'
import type { Clock } from '../../clock.ts'
import type { NewCredential } from '../../credentials/credentials.ts'
import { UsersUnavailable } from '../../errors.ts'
import { timeLeft } from '../../async/time-budget.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { inTransaction } from './transaction.ts'
import type { Outcome, Transact, UserCondition, Write } from '../../accounts/transact.ts'
import { changesOf, conditionOf, isPassword, replacementOf } from '../account-writes.ts'

const UNIQUE_VIOLATION = '23505'

export function postgresTransact (database: PostgresDatabase, { now }: { now: Clock }): Transact {
  return writes => queryWithTimeout(UsersUnavailable, isLate => {
    // Whoever was told that it failed may have ended the session by now that wanted it.
    const isKept = (outcome: Outcome) => outcome === 'done' && !isLate()
    return inTransaction(database, transaction => make(transaction, writes, new Date(now())).catch(orTaken), isKept)
  }, timeLeft)
}

async function make (transaction: NodePgDatabase, writes: Write[], at: Date): Promise<Outcome> {
  for (const write of writes) {
    const { rowCount } = await statementOf(transaction, write, at)
    if (rowCount !== 1) return 'conflict'
  }
  return 'done'
}

function orTaken (error: Error): Outcome {
  // Drizzle's error, around the driver's.
  if ((error.cause as { code?: string }).code === UNIQUE_VIOLATION) return 'email taken'
  throw error
}

function statementOf (transaction: NodePgDatabase, write: Write, at: Date) {
  if ('update' in write) {
    const changes = { ...changesOf(users, write.set), updatedAt: at }
    return transaction.update(users).set(changes).where(conditionFor(transaction, write.where))
  }
  if ('delete' in write) return transaction.delete(users).where(conditionFor(transaction, write.where))
  if ('put' in write) return put(transaction, write.values, at)
  if (write.insert === 'user') return transaction.insert(users).values(write.values)
  return transaction.insert(accountEvents).values({ ...write.values, at })
}

function put (transaction: NodePgDatabase, credential: NewCredential, createdAt: Date) {
  return transaction.insert(credentials).values({ ...credential, createdAt })
    .onConflictDoUpdate({
      target: [credentials.kind, credentials.identifier],
      set: replacementOf(credential, createdAt),
      setWhere: eq(credentials.userId, credential.userId)
    })
}

function conditionFor (transaction: NodePgDatabase, required: UserCondition): SQL | undefined {
  return conditionOf(users, required, hash => (
    exists(transaction.select({ id: credentials.userId }).from(credentials).where(isPassword(credentials, required.id, hash)))
  ))
}
