import type { Clock } from '../../clock.ts'
import { SessionsUnavailable } from '../../errors.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { ceilings, type CeilingOptions } from './ceilings.ts'
import type { RateLimitStore } from './rate-limit-store.ts'

const MINUTE_SECONDS = 60
const WINDOW_SECONDS = 15 * MINUTE_SECONDS

/** Enough for an office that starts together, with mistakes in the forms; too few to find out who has an account, or to make thousands. */
export const SIGN_UP_CEILINGS: CeilingOptions = {
  name: 'sign-up',
  host: { points: 60, seconds: WINDOW_SECONDS },
  '/24': { points: 600, seconds: WINDOW_SECONDS },
  '/56': { points: 120, seconds: WINDOW_SECONDS },
  '/48': { points: 240, seconds: WINDOW_SECONDS },
  everybody: { points: 600, seconds: MINUTE_SECONDS }
}

export interface SignUpLimit {
  /**
   * Counts a form with an email for an account, new or changed, before anything else is done with it. The answer tells
   * whether the email has an account; a form with mistakes costs work. What is refused here is not counted.
   * @returns milliseconds to wait, 0 when it is admitted
   * @throws SESSIONS_UNAVAILABLE
   */
  consume (address: string): Promise<number>
}

export function signUpLimit (store: RateLimitStore, now: Clock): SignUpLimit {
  const networks = ceilings(store, SIGN_UP_CEILINGS, now)
  return {
    consume: address => orUnavailable(SessionsUnavailable, async () => {
      const wait = await networks.waitFor(address)
      return wait > 0 ? wait : (await networks.consume(address)).wait
    })
  }
}
