import { lastProofAt, type Login, type MethodName } from '../sessions/session.ts'
import { clockSkewOf, deadlinesOf, type Lifetime, type SessionLimits } from '../sessions/session-limits.ts'

/** What of an account decides about its sessions. */
interface Owner {
  sessionEpoch: number
  disabledAt: Date | null
}

export type Assessment =
  | { state: 'visitor' }
  | { state: 'logged in', login: Login, level: number, methods: MethodName[], provedAt: number }
  /** Beyond its limits. */
  | { state: 'expired' }
  /** Its account is gone or disabled, or all of its sessions were ended. */
  | { state: 'ended' }
  /** A login from the future, because a clock was wrong. Nobody is let in with it, and nothing is removed. */
  | { state: 'not yet valid', aheadMs: number }

/**
 * Whether a session is valid and what it proves. No other code decides this, and nothing but the session's own record and
 * its account counts: a TTL or a cookie's Expires only tidies up.
 *
 * A login from the future would stay fresh until the clock has caught up, so it is refused; it is kept, because the wrong
 * clock may be the current one. A visitor's session ends instead: pages for visitors need no session.
 * @param owner the account of the login, null when there is none
 * @param now epoch milliseconds
 */
export function assess (session: Lifetime, owner: Owner | null, limits: SessionLimits, now: number): Assessment {
  const { core: { login } } = session
  const aheadMs = clockSkewOf(session, now)
  if (now >= deadlinesOf(session, limits).expiresAt) return { state: 'expired' }
  if (login === null) return { state: aheadMs > 0 ? 'expired' : 'visitor' }
  if (owner === null || owner.disabledAt !== null || owner.sessionEpoch !== login.epoch) return { state: 'ended' }
  if (aheadMs > 0) return { state: 'not yet valid', aheadMs }
  const methods = login.proofs.map(({ method }) => method)
  return { state: 'logged in', login, level: new Set(methods).size, methods, provedAt: lastProofAt(login) }
}
