import type { RateLimiterAbstract } from 'rate-limiter-flexible'

/** Where guesses are counted. */
export interface Counts {
  openLimiter: OpenLimiter
  /** Removes counts that have run out, which nobody would count on, in small batches. @returns how many */
  sweep (): Promise<number>
}

export type OpenLimiter = (options: LimiterOptions) => RateLimiterAbstract

export interface LimiterOptions {
  name: string
  /** How much may be counted until the limiter refuses. */
  points: number
  /** Seconds from the first count until it starts anew. */
  durationSeconds: number
}
