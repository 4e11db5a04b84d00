import { addressGroup } from '../address.ts'
import { SessionsUnavailable } from '../errors.ts'
import { orUnavailable } from '../unavailable.ts'
import type { OpenLimiter } from './counts.ts'
import { LONGEST_WAIT_SECONDS, secondsUntil } from './seconds-until.ts'

/** Enough for an office that starts together, too few to find out who has an account, or to make thousands. */
const PER_ADDRESS = { points: 30, durationSeconds: LONGEST_WAIT_SECONDS }

export interface SignUpThrottle {
  /**
   * Counts an email that is offered for an account: the answer tells whether it has one already.
   * @returns 0 when it may be looked up, else the seconds to wait
   * @throws SESSIONS_UNAVAILABLE when nobody can count now
   */
  admit (address: string): Promise<number>
}

export function signUpThrottle (openLimiter: OpenLimiter): SignUpThrottle {
  const addresses = openLimiter({ name: 'sign-up', ...PER_ADDRESS })
  return {
    admit: address => orUnavailable(SessionsUnavailable, () => secondsUntil(addresses.consume(addressGroup(address))))
  }
}
