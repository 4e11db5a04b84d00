import { and, type Column, eq, type SQL, sql } from 'drizzle-orm'
import type { UserChanges, UserCondition } from '../accounts/transact.ts'
import type { NewCredential } from '../credentials/credentials.ts'

/*
 * The parts of statements about accounts that are the same in SQLite and PostgreSQL.
 */

interface UserColumns { id: Column, sessionEpoch: Column }
interface CredentialColumns { kind: Column, identifier: Column, secret: Column }

/** In the statement itself, so that of two at once none is lost. */
export function changesOf (users: UserColumns, { sessionEpoch, ...columns }: UserChanges) {
  return sessionEpoch === undefined ? columns : { ...columns, sessionEpoch: sql`${users.sessionEpoch} + 1` }
}

/** @param hasPassword makes the condition that the user's password has this hash */
export function conditionOf (users: UserColumns, required: UserCondition, hasPassword: (hash: string) => SQL): SQL | undefined {
  const { id, sessionEpoch, passwordHash } = required
  return and(
    eq(users.id, id),
    sessionEpoch === undefined ? undefined : eq(users.sessionEpoch, sessionEpoch),
    passwordHash === undefined ? undefined : hasPassword(passwordHash)
  )
}

export function isPassword ({ kind, identifier, secret }: CredentialColumns, userId: string, hash: string): SQL | undefined {
  return and(eq(kind, 'password'), eq(identifier, userId), eq(secret, hash))
}

/** A credential in the place of one of the same kind and identifier, of which nothing is left. */
export function replacementOf ({ secret }: NewCredential, createdAt: Date) {
  return { secret, label: null, createdAt, lastUsedAt: null, data: null, keyId: null }
}
