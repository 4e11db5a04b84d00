import type { User, UserRepository } from '../users/user-repository.ts'
import { deadlinesOf, isLive, type SessionLimits } from './session-limits.ts'
import type { Clock, SessionStore, StoredSession } from './session-store.ts'
import type { StoreLog } from './store-options.ts'

export const RENEW_AFTER_MS = 60_000

/** Who is logged in, and in which session. */
export interface Identity {
  user: User
  handle: string
}

interface IdentifyOptions {
  sessions: Pick<SessionStore, 'read' | 'update'>
  users: Pick<UserRepository, 'findById'>
  limits: SessionLimits
  now: Clock
  log: StoreLog
}

/**
 * From a handle to who is logged in, or null: one read of the store, one look-up of the user. The renewal, at most once
 * a minute, is under way when this resolves.
 * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
 */
export function identify ({ sessions, users, limits, now, log }: IdentifyOptions): (handle: string) => Promise<Identity | null> {
  const renewing = new Set<string>()

  async function identified (handle: string): Promise<Identity | null> {
    const stored = await sessions.read(handle)
    const userId = stored?.fields.userId
    if (typeof userId !== 'string' || !isLive(stored!.fields, limits, now())) return null
    const user = await users.findById(userId)
    if (user === null || user.disabledAt !== null || user.sessionEpoch !== stored!.fields.epoch) return null
    if (!renewing.has(handle)) renewWhenDue(stored!)
    return { user, handle }
  }

  function renewWhenDue ({ handle, fields }: StoredSession): void {
    const lastSeenAt = now()
    if (Math.abs(lastSeenAt - Number(fields.lastSeenAt)) < RENEW_AFTER_MS) return
    // A page asks for many things at once: one of them renews.
    renewing.add(handle)
    sessions.update(handle, { set: { lastSeenAt }, remove: [], renewal: deadlinesOf({ ...fields, lastSeenAt }, limits) })
      .catch(err => log.warn({ err }, 'a session was not renewed'))
      .finally(() => renewing.delete(handle))
  }

  return identified
}
