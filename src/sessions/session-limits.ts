import { SessionNotYetValid } from '../errors.ts'

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

/** `not yet valid`: a login from the future, because a clock was wrong. Nobody is let in with it, and nothing is removed. */
export type Validity = 'valid' | 'ended' | 'not yet valid'

/**
 * Whether the session is within its limits, judged by its own record: a TTL or a cookie's Expires only tidies up.
 * A login from the future would stay fresh until the clock has caught up, so it is refused, and it is kept, because the
 * wrong clock may be the one of now. A visitor's session ends instead: pages for visitors need no session.
 */
export function validityOf (fields: Lifetime, limits: SessionLimits, now: number): Validity {
  const { startedAt, lastSeenAt, userId } = fields
  if (typeof startedAt !== 'number' || typeof lastSeenAt !== 'number') return 'ended'
  if (!(now < deadlinesOf(fields, limits).expiresAt)) return 'ended'
  if (aheadOf(now, fields) <= CLOCK_SKEW_MS) return 'valid'
  return userId === undefined ? 'ended' : 'not yet valid'
}

/** Whether the session is valid. @throws SESSION_NOT_YET_VALID, with how far its clock is ahead as the cause */
export function isValid (fields: Lifetime, limits: SessionLimits, now: number): boolean {
  const validity = validityOf(fields, limits, now)
  if (validity === 'not yet valid') throw new SessionNotYetValid({ cause: new Error(`${aheadOf(now, fields) / 1000} seconds ahead of this clock`) })
  return validity === 'valid'
}

function aheadOf (now: number, { startedAt, lastSeenAt }: Lifetime): number {
  return Math.max(Number(startedAt), Number(lastSeenAt)) - now
}

function limitsFor (fields: Lifetime, { idleMs, absoluteMs, rememberMs }: SessionLimits) {
  if (fields.userId === undefined) return { idleMs: ANONYMOUS_IDLE_MS, absoluteMs: Math.min(ANONYMOUS_ABSOLUTE_MS, absoluteMs) }
  if (fields.remembered === true) return { idleMs: rememberMs, absoluteMs: rememberMs }
  return { idleMs, absoluteMs }
}
