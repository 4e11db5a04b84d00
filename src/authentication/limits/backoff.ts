/** Consecutive failed attempts at one account. When the last one was follows from both numbers. */
export interface Failures {
  count: number
  /** Epoch milliseconds at which all of them are forgotten. */
  expiresAt: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Attempts without a wait between them. */
export const FREE_ATTEMPTS = 5
const FIRST_WAIT_MS = 15 * SECOND_MS
/** From the 13th attempt on, also after the hundredth: an account is slowed down, never locked (NIST SP 800-63B-4, 3.2.2). */
const LONGEST_WAIT_MS = HOUR_MS

/** A single guess leaves next to nothing behind: whoever tries one password at many accounts must not fill the store. */
const FIRST_KEPT_MS = 15 * MINUTE_MS
/** Far longer than the longest wait, so that waiting for the counter to expire is never the faster way. */
export const LONGEST_KEPT_MS = 24 * HOUR_MS

/** The clocks of the machines may differ by less. Beyond, the clock was wrong, and waiting for it could take years. */
const CLOCKS_DIFFER_MS = MINUTE_MS

/** @returns milliseconds until the next attempt may be made */
export function waitAfter (failures: Failures | null, now: number): number {
  if (failures === null || failures.count < FREE_ATTEMPTS || failures.expiresAt <= now) return 0
  const pause = Math.min(FIRST_WAIT_MS * 2 ** (failures.count - FREE_ATTEMPTS), LONGEST_WAIT_MS)
  const lastAt = failures.expiresAt - keptFor(failures.count)
  return lastAt > now + CLOCKS_DIFFER_MS ? 0 : Math.max(lastAt + pause - now, 0)
}

export function oneMore (failures: Failures | null, now: number): Failures {
  const count = failures === null || failures.expiresAt <= now ? 1 : failures.count + 1
  return { count, expiresAt: now + keptFor(count) }
}

/** Without one attempt, which was not a failure after all; the others are forgotten when they would have been. */
export function oneLess ({ count, expiresAt }: Failures): Failures | null {
  return count === 1 ? null : { count: count - 1, expiresAt: expiresAt - keptFor(count) + keptFor(count - 1) }
}

function keptFor (count: number): number {
  return Math.min(FIRST_KEPT_MS * 2 ** (count - 1), LONGEST_KEPT_MS)
}
