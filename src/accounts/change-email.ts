import type { Outcome, Transact } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { Authority } from './authority.ts'

/** @param email in canonical form. @throws USERS_UNAVAILABLE */
export async function changeEmail (transact: Transact, authority: Authority, email: string, client: Client): Promise<Outcome> {
  return await transact([
    { update: 'user', where: authority, set: { email } },
    { insert: 'event', values: { userId: authority.id, type: 'email changed', ...client } }
  ])
}
