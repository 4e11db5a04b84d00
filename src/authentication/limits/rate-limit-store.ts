import { type Failures, LONGEST_KEPT_MS } from './backoff.ts'

/** THE CONTRACT of stored counters. Redis, SQLite and PostgreSQL pass the same suite, test/authentication/limits/rate-limit-store.test.ts. */
export interface RateLimitStore {
  /** @returns what each counter is at, in the same order */
  readCounts (counters: Counter[]): Promise<number[]>
  /** Parallel additions all count. @returns what each counter is at then, in the same order */
  addToCounts (counters: Counter[], amount: 1 | -1): Promise<number[]>
  /** What is stored, expired or not. */
  readFailures (key: string): Promise<Failures | null>
  /**
   * Compare-and-set. Parallel requests that have read the same value cannot both write.
   * @param to null removes it
   * @returns false when something else than `from` is stored by now; then nothing was written
   */
  replaceFailures (key: string, from: Failures | null, to: Failures | null): Promise<boolean>
  /** Removes expired counters, in small batches. @returns how many */
  sweep (): Promise<number>
}

/** Counts in one window of time, which its key names. */
export interface Counter {
  key: string
  /** Epoch milliseconds, after the end of its window. */
  expiresAt: number
}

/** What each stored key begins with. */
export const PREFIX = 'throttle:'
export const FAILURES_PREFIX = `${PREFIX}failures:`

/** A counter that lasts longer is not from this release, or was written by a clock that was ahead. */
export const LONGEST_MS = LONGEST_KEPT_MS + 60 * 60_000
