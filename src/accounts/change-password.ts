import type { Transact, Write } from '../database/transact.ts'
import type { Client } from '../users/account-events.ts'
import type { Authority } from './authority.ts'

/**
 * Replaces the password's hash and ends every session of the user, in one write.
 * @param client left out by an operator, whose changes are no events of the account
 * @returns false when nothing was changed, as the authority is gone: of two changes at once, one wins
 * @throws USERS_UNAVAILABLE
 */
export async function changePassword (transact: Transact, authority: Authority, passwordHash: string, client?: Client): Promise<boolean> {
  const change: Write = { update: 'user', where: authority, set: { passwordHash, sessionEpoch: 'raised' } }
  if (client === undefined) return await transact([change]) === 'done'
  return await transact([change, { insert: 'event', values: { userId: authority.id, type: 'password changed', ...client } }]) === 'done'
}
