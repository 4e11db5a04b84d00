import { deadlinesOf, type Lifetime, type SessionLimits } from '../sessions/session-limits.ts'
import type { Renewal } from '../sessions/session-store.ts'

/** A session that is in use is written at most once a minute. */
const RENEW_AFTER_MS = 60_000

/** Also when the clock was set back a little. @param now epoch milliseconds */
export function isRenewalDue ({ lastSeenAt }: { lastSeenAt: number }, now: number): boolean {
  return Math.abs(now - lastSeenAt) >= RENEW_AFTER_MS
}

export function renewalOf ({ core }: Lifetime, limits: SessionLimits, now: number): Renewal {
  return { lastSeenAt: now, ...deadlinesOf({ core, lastSeenAt: now }, limits) }
}
