import type { User } from '../users/user-repository.ts'
import { deadlinesOf, type SessionLimits, validityOf } from './session-limits.ts'
import type { StoredSession } from './session-store.ts'
import { type Visit, visitsIn } from './visits.ts'

/** A session as its user sees it. Times are epoch milliseconds. */
export interface Device {
  handle: string
  /** The one that asks. */
  isThis: boolean
  device: string
  address: string
  signedInAt: number
  lastSeenAt: number
  expiresAt: number
  remembered: boolean
  visits: Visit[]
}

interface Asking {
  user: User
  thisHandle: string
  limits: SessionLimits
  now: number
}

/**
 * The sessions that would be let in now, or later when the clock was wrong; the asking one first, then the last used. A
 * store may also hold some that would not: beyond today's limits, or of an epoch before the password was changed.
 */
export function devicesOf (sessions: StoredSession[], asking: Asking): Device[] {
  const { user, limits, now } = asking
  const live = sessions.filter(({ fields }) => fields.epoch === user.sessionEpoch && validityOf(fields, limits, now) !== 'ended')
  return live.map(session => deviceIn(session, asking))
    .sort((one, other) => Number(other.isThis) - Number(one.isThis) || other.lastSeenAt - one.lastSeenAt)
}

function deviceIn ({ handle, fields }: StoredSession, { thisHandle, limits, now }: Asking): Device {
  const isThis = handle === thisHandle
  return {
    handle,
    isThis,
    device: String(fields.device ?? 'Unknown device'),
    address: String(fields.address ?? ''),
    signedInAt: Number(fields.startedAt),
    // What is stored of the asking one is renewed at the end of its request.
    lastSeenAt: isThis ? now : Number(fields.lastSeenAt),
    expiresAt: deadlinesOf(fields, limits).expiresAt,
    remembered: fields.remembered === true,
    visits: visitsIn(fields)
  }
}
