import { deadlinesOf, type Lifetime, type SessionLimits } from './session-limits.ts'

/** What a logged-in person may know about their session. Times are epoch milliseconds. */
export interface AboutSession {
  signedInAt: number
  lastSeenAt: number
  expiresAt: number
  remembered: boolean
}

/** @param fields of a session that is within its limits */
export function aboutSession (fields: Lifetime, limits: SessionLimits): AboutSession {
  const { startedAt, lastSeenAt, remembered } = fields
  return { signedInAt: Number(startedAt), lastSeenAt: Number(lastSeenAt), expiresAt: deadlinesOf(fields, limits).expiresAt, remembered: remembered === true }
}
