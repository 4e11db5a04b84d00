import { outageLog } from '../outage-log.ts'
import type { User, UserRepository } from '../users/user-repository.ts'
import { userOfSession } from '../users/user-of-session.ts'
import { deadlinesOf, isValid, type SessionLimits } from './session-limits.ts'
import { whenKnown } from '../when-known.ts'
import type { Clock, SessionStore, StoredSession } from './session-store.ts'
import type { StoreLog } from './store-options.ts'

export const RENEW_AFTER_MS = 60_000

/** What of a user is told to programs and applications. */
export type Person = Pick<User, 'id' | 'email' | 'firstName' | 'lastName'>

/** A session that goes on, and who is logged in with it; null for a visitor. */
export interface Identity {
  session: StoredSession
  user: Person | null
}

/** From a handle to an identity, or null when there is none. @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE */
export type LookUp = (handle: string) => Identity | null | Promise<Identity | null>

interface Stores {
  sessions: Pick<SessionStore, 'read' | 'update'>
  users: Pick<UserRepository, 'findById'>
}

const NEEDED = ['userId', 'epoch', 'startedAt', 'lastSeenAt', 'remembered']

/** One read of the store, one look-up of the user. */
export function lookUpIn ({ sessions, users }: Stores): LookUp {
  return async handle => {
    const session = await sessions.read(handle, NEEDED)
    if (session === null) return null
    const { userId, epoch } = session.fields
    if (typeof userId !== 'string') return { session, user: null }
    const user = await userOfSession(users, { userId, epoch })
    if (user === null) return null
    const { id, email, firstName, lastName } = user
    return { session, user: { id, email, firstName, lastName } }
  }
}

interface IdentifyOptions extends Pick<Stores, 'sessions'> {
  lookUp: LookUp
  limits: SessionLimits
  now: Clock
  log: StoreLog
}

/** An identity whose session is renewed at the moment, if it was due. */
export interface Identified extends Identity {
  /** Never rejects. Resolves to false when the session has ended meanwhile, else it holds when it was seen last. */
  renewal: Promise<boolean> | undefined
}

/**
 * From a handle to an identity within its limits, or null, at once when nothing has to be waited for. The renewal, at
 * most once a minute, is under way then.
 * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE, SESSION_NOT_YET_VALID
 */
export function identify ({ lookUp, sessions, limits, now, log }: IdentifyOptions): (handle: string) => Identified | null | Promise<Identified | null> {
  const renewals = new Map<string, Promise<boolean>>()
  const outage = outageLog(log, { failing: 'sessions cannot be renewed', recovered: 'sessions are renewed again' })

  function identified (identity: Identity | null): Identified | null {
    if (identity === null || !isValid(identity.session.fields, limits, now())) return null
    const { session, user } = identity
    return { session, user, renewal: user === null ? undefined : renewWhenDue(session) }
  }

  function renewWhenDue (session: StoredSession): Promise<boolean> | undefined {
    if (Math.abs(now() - Number(session.fields.lastSeenAt)) < RENEW_AFTER_MS) return undefined
    // A page asks for many things at once: one of them renews.
    const underWay = renewals.get(session.handle) ?? renew(session).finally(() => renewals.delete(session.handle))
    renewals.set(session.handle, underWay)
    return underWay
  }

  async function renew ({ handle, fields }: StoredSession): Promise<boolean> {
    const lastSeenAt = now()
    try {
      const isThere = await sessions.update(handle, { set: { lastSeenAt }, remove: [], renewal: deadlinesOf({ ...fields, lastSeenAt }, limits) })
      // Where it is kept in memory, too: to be told of one's own change takes a moment.
      fields.lastSeenAt = lastSeenAt
      outage.succeeded()
      return isThere
    } catch (err) {
      outage.failed(err)
      return true
    }
  }

  return handle => whenKnown(lookUp(handle), identified)
}
