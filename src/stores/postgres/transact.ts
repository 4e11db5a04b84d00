import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { accountEvents, credentials, users } from '../../../drizzle/postgres/schema.ts'
import type { Clock } from '../../clock.ts'
import type { NewCredential } from '../../credentials/credentials.ts'
import { UsersUnavailable } from '../../errors.ts'
import { timeLeft } from '../../async/time-budget.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { queryWithTimeout } from './query-with-timeout.ts'
import { inTransaction } from './transaction.ts'
import type { Outcome, Transact, UserChanges, UserCondition, Write } from '../../accounts/transact.ts'

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
  if ('update' in write) return transaction.update(users).set({ ...columnsOf(write.set), updatedAt: at }).where(matching(transaction, write.where))
  if ('delete' in write) return transaction.delete(users).where(matching(transaction, write.where))
  if ('put' in write) return put(transaction, write.values, at)
  if (write.insert === 'user') return transaction.insert(users).values(write.values)
  return transaction.insert(accountEvents).values({ ...write.values, at })
}

function put (transaction: NodePgDatabase, credential: NewCredential, createdAt: Date) {
  const { secret, userId } = credential
  const set = { secret, label: null, createdAt, lastUsedAt: null, data: null, keyId: null }
  return transaction.insert(credentials).values({ ...credential, createdAt })
    .onConflictDoUpdate({ target: [credentials.kind, credentials.identifier], set, setWhere: eq(credentials.userId, userId) })
}

// In the statement itself, so that of two at once none is lost.
function columnsOf ({ sessionEpoch, ...columns }: UserChanges) {
  return sessionEpoch === undefined ? columns : { ...columns, sessionEpoch: sql`${users.sessionEpoch} + 1` }
}

function matching (transaction: NodePgDatabase, { id, sessionEpoch, passwordHash }: UserCondition): SQL | undefined {
  return and(
    eq(users.id, id),
    sessionEpoch === undefined ? undefined : eq(users.sessionEpoch, sessionEpoch),
    passwordHash === undefined ? undefined : hasPassword(transaction, id, passwordHash)
  )
}

function hasPassword (transaction: NodePgDatabase, userId: string, hash: string): SQL {
  const { kind, identifier, secret } = credentials
  const password = and(eq(kind, 'password'), eq(identifier, userId), eq(secret, hash))
  return exists(transaction.select({ secret }).from(credentials).where(password))
}
