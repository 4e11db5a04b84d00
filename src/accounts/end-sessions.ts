import type { Transact, Write } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Authority } from './authority.ts'

/**
 * Ends every session of the user in one write, whatever the session store does. `endSessions` then removes them.
 * @param client left out when there is nothing to tell the user
 * @returns false when nothing was changed, as the authority is gone. @throws USERS_UNAVAILABLE
 */
export async function endAllSessions (transact: Transact, authority: Authority, client?: Client): Promise<boolean> {
  const raise: Write = { update: 'user', where: authority, set: { sessionEpoch: 'raised' } }
  if (client === undefined) return await transact([raise]) === 'done'
  return await transact([raise, { insert: 'event', values: { userId: authority.id, type: 'session revoked', ...client } }]) === 'done'
}

export interface EndSessionsParts {
  sessions: Pick<SessionStore, 'revoke' | 'revokeOf' | 'revokeAllOf' | 'revokeAllOfUsers'>
  /** Called when any has ended: emits the event. Left out where what has ended them has an event of its own. */
  onEnded?: (count: number) => void
}

export type SessionsToEnd =
  /** One, whoever's it is. */
  | { handle: string }
  /** One, if it is this user's. */
  | { userId: string, handle: string }
  /** All of a user, or all but one. */
  | { userId: string, except?: string }
  /** All of up to a thousand users. */
  | { userIds: string[] }

/**
 * Removes sessions from the store. Nothing else calls its revoke methods, lint sees to that.
 * @returns how many have ended; one that is whoever's counts whether it was there or not
 * @throws SESSIONS_UNAVAILABLE
 */
export async function endSessions ({ sessions, onEnded }: EndSessionsParts, which: SessionsToEnd): Promise<number> {
  const count = await revoke(sessions, which)
  if (count > 0) onEnded?.(count)
  return count
}

async function revoke (sessions: EndSessionsParts['sessions'], which: SessionsToEnd): Promise<number> {
  if ('userIds' in which) return await sessions.revokeAllOfUsers(which.userIds)
  if (!('handle' in which)) return await sessions.revokeAllOf(which.userId, which.except)
  if ('userId' in which) return Number(await sessions.revokeOf(which.userId, which.handle))
  await sessions.revoke(which.handle)
  return 1
}
