import { RateLimiterRes } from 'rate-limiter-flexible'

/** What anybody is told to wait at most. */
export const LONGEST_WAIT_SECONDS = 15 * 60

/** What a limiter's answer means in seconds, 0 when it admits. A refusal is an answer; anything else it rejects with is not. */
export async function secondsUntil (answer: Promise<RateLimiterRes | number>): Promise<number> {
  try {
    const admitted = await answer
    return typeof admitted === 'number' ? admitted : 0
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    return Math.min(Math.max(Math.ceil(refusal.msBeforeNext / 1000), 1), LONGEST_WAIT_SECONDS)
  }
}
