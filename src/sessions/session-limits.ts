import type { SessionCore, SessionData } from './session.ts'

/** An anonymous session lives for the visit history only. */
const ANONYMOUS_IDLE_MS = 10 * 60_000
/** With the limit of how many start, this bounds how many a flood can keep. */
const ANONYMOUS_ABSOLUTE_MS = 60 * 60_000
/** How far ahead of this clock another machine's may be. */
const CLOCK_SKEW_MS = 5 * 60_000

export interface SessionLimits {
  /** Unused for so long, a session ends. */
  idleMs: number
  /** A used session ends too. */
  absoluteMs: number
  /** Both limits of "keep me logged in". */
  rememberMs: number
}

/** What of a session its limits depend on. */
export type Lifetime = Pick<SessionData, 'core' | 'lastSeenAt'>

/**
 * When a session ends if it is not used again (`expiresAt`), and when it ends however much it is used (`endsAt`),
 * by today's settings: a changed setting applies to existing sessions.
 * OWASP ASVS 5.0, 7.3.1 and 7.3.2, requires both limits.
 */
export function deadlinesOf ({ core, lastSeenAt }: Lifetime, limits: SessionLimits): { expiresAt: number, endsAt: number } {
  const { idleMs, absoluteMs } = limitsFor(core, limits)
  const endsAt = core.startedAt + absoluteMs
  return { expiresAt: Math.min(lastSeenAt + idleMs, endsAt), endsAt }
}

/** How far ahead of this clock the one that wrote the session was, in milliseconds; 0 within what clocks may differ. */
export function clockSkewOf ({ core, lastSeenAt }: Lifetime, now: number): number {
  const ahead = Math.max(core.startedAt, lastSeenAt) - now
  return ahead > CLOCK_SKEW_MS ? ahead : 0
}

function limitsFor ({ login }: SessionCore, { idleMs, absoluteMs, rememberMs }: SessionLimits) {
  if (login === null) return { idleMs: ANONYMOUS_IDLE_MS, absoluteMs: Math.min(ANONYMOUS_ABSOLUTE_MS, absoluteMs) }
  return login.remembered ? { idleMs: rememberMs, absoluteMs: rememberMs } : { idleMs, absoluteMs }
}
