import type { Clock } from '../clock.ts'
import { outageLog } from '../observability/outage-log.ts'
import type { SessionLimits } from '../sessions/session-limits.ts'
import type { SessionStore, StoredCore } from '../sessions/session-store.ts'
import { sessionSummary, type SessionSummary } from '../sessions/session-summary.ts'
import type { StoreLog } from '../observability/store-log.ts'
import type { Account, UserRepository } from '../users/user-repository.ts'
import { mapMaybeAsync } from '../async/map-maybe-async.ts'
import { identityOf, type Identity } from './identity.ts'
import { isRenewalDue, renewalOf } from './renewal.ts'

/** A session, and the account of its login: what is looked up, and may be cached. */
export interface Found {
  session: StoredCore
  account: Readonly<Account> | null
}

/** From a handle to what is assessed, or null when there is no session. @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE */
export type LookUp = (handle: string) => Found | null | Promise<Found | null>

interface Stores {
  sessions: Pick<SessionStore, 'readCore' | 'update'>
  users: Pick<UserRepository, 'findById'>
}

/** One read of the store, one look-up of the user. */
export function lookUpIn ({ sessions, users }: Stores): LookUp {
  return async handle => {
    const session = await sessions.readCore(handle)
    if (session === null) return null
    const { login } = session.core
    return { session, account: login && await users.findById(login.userId) }
  }
}

interface IdentifyOptions extends Pick<Stores, 'sessions'> {
  lookUp: LookUp
  /** Drops a cached session that was just renewed: the push about a change of one's own arrives a moment later. */
  invalidate: (handle: string) => void
  limits: SessionLimits
  now: Clock
  log: StoreLog
}

/** An identity whose session is being renewed, if that was due. */
export interface Identified extends Identity {
  handle: string
  /** Never rejects. Resolves to null when the session was ended meanwhile. */
  renewal: Promise<SessionSummary | null> | undefined
}

/**
 * From a handle to an identity, or null; at once when nothing has to be waited for. The renewal, at most once a minute,
 * has begun then.
 * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE, SESSION_NOT_YET_VALID
 */
export function identify ({ lookUp, invalidate, sessions, limits, now, log }: IdentifyOptions): (handle: string) => Identified | null | Promise<Identified | null> {
  const renewals = new Map<string, Promise<SessionSummary | null>>()
  const outage = outageLog(log, { failing: 'sessions cannot be renewed', recovered: 'sessions are renewed again' })

  function identified (found: Found | null): Identified | null {
    if (found === null) return null
    const { session, account } = found
    const identity = identityOf(session, account, limits, now())
    return identity && { ...identity, handle: session.handle, renewal: account === null ? undefined : renewWhenDue(session) }
  }

  function renewWhenDue (session: StoredCore): Promise<SessionSummary | null> | undefined {
    if (!isRenewalDue(session, now())) return undefined
    // A page requests many things at once: one of them renews.
    const underWay = renewals.get(session.handle) ?? renew(session).finally(() => renewals.delete(session.handle))
    renewals.set(session.handle, underWay)
    return underWay
  }

  async function renew (session: StoredCore): Promise<SessionSummary | null> {
    const renewal = renewalOf(session, limits, now())
    try {
      const isThere = await sessions.update(session.handle, { set: {}, remove: [], renewal })
      invalidate(session.handle)
      outage.succeeded()
      return isThere ? sessionSummary({ ...session, ...renewal }, limits) : null
    } catch (err) {
      outage.failed(err)
      return sessionSummary(session, limits)
    }
  }

  return handle => mapMaybeAsync(lookUp(handle), identified)
}
