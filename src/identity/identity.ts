import { SessionNotYetValid } from '../errors.ts'
import type { MethodName } from '../sessions/session.ts'
import type { Lifetime, SessionLimits } from '../sessions/session-limits.ts'
import { sessionSummary, type SessionSummary } from '../sessions/session-summary.ts'
import type { Account } from '../users/user-repository.ts'
import { assess } from './assess.ts'

/** Whose request it is. */
export interface Identity {
  /** Null for a visitor with a session. */
  account: Readonly<Account> | null
  session: SessionSummary
  /** How many factors were proven: 0 for a visitor, 1 with a password. */
  level: number
  methods: MethodName[]
  /** Epoch milliseconds of the last proof; null for a visitor. */
  provedAt: number | null
}

/**
 * The identity that a session gives, or null when the session is over.
 * @param account of the session's login, null when there is none
 * @throws SESSION_NOT_YET_VALID, with how far its clock is ahead as the cause
 */
export function identityOf (session: Lifetime, account: Readonly<Account> | null, limits: SessionLimits, now: number): Identity | null {
  const assessment = assess(session, account, limits, now)
  const summary = sessionSummary(session, limits)
  switch (assessment.state) {
    case 'visitor': return { account: null, session: summary, level: 0, methods: [], provedAt: null }
    case 'logged in': return { account, session: summary, level: assessment.level, methods: assessment.methods, provedAt: assessment.provedAt }
    case 'not yet valid': throw new SessionNotYetValid({ cause: new Error(`${assessment.aheadMs / 1000} seconds ahead of this clock`) })
    default: return null
  }
}
