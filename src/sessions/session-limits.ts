/** An anonymous session lives for the visit history only. */
const ANONYMOUS_IDLE_MS = 10 * 60_000
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

/** The fields of a session that its limits depend on, as they are stored: nothing about them is taken for granted. */
export interface Lifetime {
  userId?: unknown
  startedAt?: unknown
  lastSeenAt?: unknown
  remembered?: unknown
}

/**
 * When a session ends if it is not used again (`expiresAt`), and when it ends however much it is used (`endsAt`),
 * by today's settings: a changed setting applies to sessions that live already.
 * Both limits are asked for by OWASP ASVS 5.0, 7.3.1 and 7.3.2.
 */
export function deadlinesOf (fields: Lifetime, limits: SessionLimits): { expiresAt: number, endsAt: number } {
  const { idleMs, absoluteMs } = limitsFor(fields, limits)
  const endsAt = Number(fields.startedAt) + absoluteMs
  return { expiresAt: Math.min(Number(fields.lastSeenAt) + idleMs, endsAt), endsAt }
}

/**
 * Whether the session is within its limits, judged by its own record: a TTL or a cookie's Expires only tidies up.
 * A session from the future ends as well, or a clock that was set back would keep it fresh until it has caught up.
 */
export function isLive (fields: Lifetime, limits: SessionLimits, now: number): boolean {
  const { startedAt, lastSeenAt } = fields
  if (typeof startedAt !== 'number' || typeof lastSeenAt !== 'number') return false
  if (Math.max(startedAt, lastSeenAt) > now + CLOCK_SKEW_MS) return false
  return now < deadlinesOf(fields, limits).expiresAt
}

function limitsFor (fields: Lifetime, { idleMs, absoluteMs, rememberMs }: SessionLimits) {
  if (fields.userId === undefined) return { idleMs: ANONYMOUS_IDLE_MS, absoluteMs }
  if (fields.remembered === true) return { idleMs: rememberMs, absoluteMs: rememberMs }
  return { idleMs, absoluteMs }
}
