import { deadlinesOf, isLive, type SessionLimits } from '../sessions/session-limits.ts'
import type { StoredSession } from '../sessions/session-store.ts'
import type { User } from '../users/user-repository.ts'

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

/** A session for a program. */
export interface ShownSession {
  handle: string
  signedInAt: Date
  lastSeenAt: Date
  expiresAt: Date
  remembered: boolean
}

/** Those that log the user in, by today's limits and the user's epoch, the one that was used last first. */
export function liveSessions (stored: StoredSession[], user: User, limits: SessionLimits, now: number): ShownSession[] {
  return stored
    .filter(({ fields }) => fields.epoch === user.sessionEpoch && isLive(fields, limits, now))
    .map(session => shown(session, limits))
    .sort((one, other) => other.lastSeenAt.getTime() - one.lastSeenAt.getTime())
}

function shown ({ handle, fields }: StoredSession, limits: SessionLimits): ShownSession {
  return {
    handle,
    signedInAt: new Date(Number(fields.startedAt)),
    lastSeenAt: new Date(Number(fields.lastSeenAt)),
    expiresAt: new Date(deadlinesOf(fields, limits).expiresAt),
    remembered: fields.remembered === true
  }
}

/** How far apart two moments are, in few characters: a handle leaves little room in a line. */
export function distance (from: number, to: number): string {
  const seconds = Math.max(0, Math.round((to - from) / 1000))
  if (seconds < MINUTE_S) return `${seconds} s`
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`
  return seconds < 2 * DAY_S ? `${Math.floor(seconds / HOUR_S)} h` : `${Math.floor(seconds / DAY_S)} d`
}
