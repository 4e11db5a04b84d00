import type { Session } from 'fastify'
import { deadlinesOf, type SessionLimits } from './session-limits.ts'

/** What a logged-in person may know about their session. Times are epoch milliseconds. */
export interface AboutSession {
  signedInAt: number
  lastSeenAt: number
  expiresAt: number
  remembered: boolean
}

export function aboutSession (session: Session, limits: SessionLimits): AboutSession {
  const { startedAt, lastSeenAt, remembered } = session
  const { expiresAt } = deadlinesOf(session, limits)
  return { signedInAt: startedAt!, lastSeenAt: lastSeenAt!, expiresAt, remembered: remembered === true }
}
