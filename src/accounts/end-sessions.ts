import type { Transact, Write } from '../database/transact.ts'
import type { Client } from '../users/account-events.ts'
import type { Authority } from './authority.ts'

/**
 * Ends every session of the user in one write, whatever the session store does.
 * @param client left out when there is nothing to tell the user
 * @returns false when nothing was changed, as the authority is gone. @throws USERS_UNAVAILABLE
 */
export async function endSessions (transact: Transact, authority: Authority, client?: Client): Promise<boolean> {
  const raise: Write = { update: 'user', where: authority, set: { sessionEpoch: 'raised' } }
  if (client === undefined) return await transact([raise]) === 'done'
  return await transact([raise, { insert: 'event', values: { userId: authority.id, type: 'session revoked', ...client } }]) === 'done'
}
