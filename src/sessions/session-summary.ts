import { deadlinesOf, type Lifetime, type SessionLimits } from './session-limits.ts'

/** What people and programs learn about a session. Times are epoch milliseconds. */
export interface SessionSummary {
  signedInAt: number
  lastSeenAt: number
  expiresAt: number
  remembered: boolean
}

export function sessionSummary (session: Lifetime, limits: SessionLimits): SessionSummary {
  const { core: { startedAt, login }, lastSeenAt } = session
  return { signedInAt: startedAt, lastSeenAt, expiresAt: deadlinesOf(session, limits).expiresAt, remembered: login?.remembered ?? false }
}
