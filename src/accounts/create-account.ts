import { randomBytes } from 'node:crypto'
import { passwordCredential } from '../credentials/credentials.ts'
import type { Transact, Write } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { NewAccount, Account } from '../users/user-repository.ts'

const FIRST_EPOCH = 1

export interface NewAccountWithPassword extends NewAccount {
  /** argon2id in PHC string format. */
  passwordHash: string
}

/**
 * @param client left out by an operator, whose changes are no events of the account
 * @returns the new user, or null when the email has an account. The database decides, so parallel sign-ups make one user.
 * @throws USERS_UNAVAILABLE
 */
export async function createAccount (transact: Transact, { passwordHash, ...person }: NewAccountWithPassword, at: Date, client?: Client): Promise<Account | null> {
  // 128 random bits.
  const id = randomBytes(16).toString('base64url')
  const user = { id, ...person, sessionEpoch: FIRST_EPOCH, disabledAt: null, createdAt: at, updatedAt: at }
  const writes: Write[] = [{ insert: 'user', values: user }, { put: 'credential', values: passwordCredential(id, passwordHash) }]
  if (client !== undefined) writes.push({ insert: 'event', values: { userId: id, type: 'signed up', ...client } })
  return await transact(writes) === 'done' ? user : null
}
