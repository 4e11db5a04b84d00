import type { Transact } from './transact.ts'
import type { Authority } from './authority.ts'

/**
 * Removes the user and their events, which ends every session of theirs.
 * @returns false when nothing was removed, as the authority is gone. @throws USERS_UNAVAILABLE
 */
export async function deleteAccount (transact: Transact, authority: Authority): Promise<boolean> {
  return await transact([{ delete: 'user', where: authority }]) === 'done'
}
