import { passwordCredential } from '../credentials/credentials.ts'
import type { Transact, Write } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { Authority } from './authority.ts'

/**
 * Ends every session of the user and replaces the password's hash, in one transaction.
 * @param client left out by an operator, whose changes are no events of the account
 * @returns false when nothing was changed, as the authority is gone: of two changes at once, one wins
 * @throws USERS_UNAVAILABLE
 */
export async function changePassword (transact: Transact, authority: Authority, passwordHash: string, client?: Client): Promise<boolean> {
  const writes: Write[] = [
    { update: 'user', where: authority, set: { sessionEpoch: 'raised' } },
    { put: 'credential', values: passwordCredential(authority.id, passwordHash) }
  ]
  if (client !== undefined) writes.push({ insert: 'event', values: { userId: authority.id, type: 'password changed', ...client } })
  return await transact(writes) === 'done'
}
