import type { Transact } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { Authority } from './authority.ts'

/** @returns false when nothing was changed, as the authority is gone. @throws USERS_UNAVAILABLE */
export async function changeName (transact: Transact, authority: Authority, names: { firstName: string, lastName: string }, client: Client): Promise<boolean> {
  return await transact([
    { update: 'user', where: authority, set: names },
    { insert: 'event', values: { userId: authority.id, type: 'profile changed', ...client } }
  ]) === 'done'
}
