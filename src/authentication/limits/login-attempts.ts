import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { SessionsUnavailable } from '../../errors.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { canonicalEmail } from '../../users/email-address.ts'
import { ceilings, type CeilingOptions } from './ceilings.ts'
import { consumeAll, type Consumed, refused } from './consumed.ts'
import { failedAttempts } from './failed-attempts.ts'
import type { RateLimitStore } from './rate-limit-store.ts'

const MINUTE_SECONDS = 60
const WINDOW_SECONDS = 15 * MINUTE_SECONDS

/** Failed attempts of unknown browsers, at whatever accounts. They also bound how many counters can be stored at once. */
export const LOGIN_CEILINGS: CeilingOptions = {
  name: 'login',
  host: { points: 100, seconds: WINDOW_SECONDS },
  // Of many customers, other than an IPv6 network.
  '/24': { points: 1_000, seconds: WINDOW_SECONDS },
  '/56': { points: 200, seconds: WINDOW_SECONDS },
  '/48': { points: 400, seconds: WINDOW_SECONDS },
  // A short window: whoever is refused because of others may try again soon.
  everybody: { points: 600, seconds: MINUTE_SECONDS }
}

/** Whose password is typed. An email without an account is counted alike. */
export interface LoginTarget {
  /** As it was typed. */
  email: string
  userId: string | null
}

export interface CountedAttempt extends Consumed {
  /** When it fails, waits begin. */
  isLastFree: boolean
  /** The login is complete: the account's failures are forgotten, and its networks get this attempt back. */
  succeed (): Promise<void>
}

export interface LoginAttempts {
  /**
   * Counts an attempt of an unknown browser before it is checked. One that has to wait must not be checked, or a right
   * password would show; it is not counted and writes nothing.
   * @throws SESSIONS_UNAVAILABLE
   */
  consume (account: LoginTarget, address: string): Promise<CountedAttempt>
  /** Forgets the failures at an account. @throws SESSIONS_UNAVAILABLE */
  reset (account: LoginTarget): Promise<void>
}

/** One count for the login and for every page that asks for a password. */
export function loginAttempts (store: RateLimitStore, now: Clock, limits = LOGIN_CEILINGS): LoginAttempts {
  const failures = failedAttempts(store, now)
  const networks = ceilings(store, limits, now)
  const answer = <T> (work: () => Promise<T>) => orUnavailable(SessionsUnavailable, work)
  const reset = (account: LoginTarget) => answer(() => failures.reset(keyOf(account)))

  async function consume (account: LoginTarget, address: string): Promise<CountedAttempt> {
    const key = keyOf(account)
    const wait = Math.max(...await Promise.all([failures.waitFor(key), networks.waitFor(address)]))
    // Nothing was counted, so there is nothing to reset either.
    if (wait > 0) return withoutEffect(wait)
    const ofAccount = failures.consume(key)
    const ofNetworks = networks.consume(address)
    const consumed = await consumeAll([ofAccount, ofNetworks])
    const { isLastFree } = await ofAccount
    return {
      wait: consumed.wait,
      isLastFree,
      giveBack: () => answer(consumed.giveBack),
      succeed: () => answer(async () => { await Promise.all([failures.reset(key), (await ofNetworks).giveBack()]) })
    }
  }

  return { consume: (account, address) => answer(() => consume(account, address)), reset }
}

// Hashed, because what people type into the wrong field is a password, and to bound the key's length. By the user's id
// where there is one: guesses at an email that has no account yet do not count against whoever signs up with it.
function keyOf ({ email, userId }: LoginTarget): string {
  return createHash('sha256').update(userId === null ? `email\n${canonicalEmail(email) ?? email}` : `user\n${userId}`).digest('base64url')
}

function withoutEffect (wait: number): CountedAttempt {
  const refusal = refused(wait)
  return { ...refusal, isLastFree: false, succeed: refusal.giveBack }
}
