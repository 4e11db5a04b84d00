import type { Transact } from './transact.ts'

/** Refuses the user's logins from now on, and ends every session of theirs. @returns false when the user is gone. @throws USERS_UNAVAILABLE */
export async function disableAccount (transact: Transact, id: string, disabledAt: Date): Promise<boolean> {
  return await transact([{ update: 'user', where: { id }, set: { disabledAt, sessionEpoch: 'raised' } }]) === 'done'
}

/** Brings no session back. @returns false when the user is gone. @throws USERS_UNAVAILABLE */
export async function enableAccount (transact: Transact, id: string): Promise<boolean> {
  return await transact([{ update: 'user', where: { id }, set: { disabledAt: null } }]) === 'done'
}
