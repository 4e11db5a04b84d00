import type { SessionLimits } from '../sessions/session-limits.ts'
import type { StoredSession } from '../sessions/session-store.ts'
import { sessionSummary, type SessionSummary } from '../sessions/session-summary.ts'
import { type Visit, visitsIn } from '../sessions/visits.ts'
import type { Account } from '../users/user-repository.ts'
import { assess } from './assess.ts'

/** A session as its user sees it. Times are epoch milliseconds. */
export interface Device extends SessionSummary {
  handle: string
  /** The viewer's own. */
  isThis: boolean
  device: string
  address: string
  visits: Visit[]
}

interface Viewer {
  user: Account
  thisHandle: string
  limits: SessionLimits
  now: number
}

/**
 * The sessions that are valid now, or will be once a wrong clock is right; the viewer's own first, then the last used. A
 * store may also have some that are over: beyond today's limits, or of an epoch before the password was changed.
 */
export function devicesOf (sessions: StoredSession[], viewer: Viewer): Device[] {
  return sessions.flatMap(session => deviceIn(session, viewer))
    .sort((one, other) => Number(other.isThis) - Number(one.isThis) || other.lastSeenAt - one.lastSeenAt)
}

function deviceIn (session: StoredSession, { user, thisHandle, limits, now }: Viewer): Device[] {
  const { handle, client, fields } = session
  const { state } = assess(session, user, limits, now)
  if (client === null || (state !== 'logged in' && state !== 'not yet valid')) return []
  const isThis = handle === thisHandle
  const summary = sessionSummary(session, limits)
  // The viewer's own is renewed in the store at the end of this request.
  const lastSeenAt = isThis ? now : summary.lastSeenAt
  return [{ handle, isThis, ...client, ...summary, lastSeenAt, visits: visitsIn(fields) }]
}
