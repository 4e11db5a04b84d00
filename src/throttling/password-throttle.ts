import { createHash } from 'node:crypto'
import { RateLimiterRes } from 'rate-limiter-flexible'
import { addressGroup } from '../address.ts'
import { SessionsUnavailable } from '../errors.ts'
import { orUnavailable } from '../unavailable.ts'
import { canonicalEmail } from '../users/email-address.ts'
import type { OpenLimiter } from './counts.ts'
import { LONGEST_WAIT_SECONDS, secondsUntil } from './seconds-until.ts'

const MINUTE_SECONDS = 60
const YEAR_SECONDS = 365 * 24 * 60 * MINUTE_SECONDS

/** Guesses at one account that are free of waits. */
const FREE_GUESSES = 5
const FIRST_WAIT_SECONDS = 15
/** In a row, then the account's password login waits for its owner (NIST SP 800-63B, 3.2.2). */
const GUESSES_EVER = 100
/** Guesses from one address, at whatever accounts. */
const PER_ADDRESS = { points: 100, durationSeconds: 15 * MINUTE_SECONDS }

/** Somebody types a password for an account. */
export interface Guess {
  /** The email as it was typed, of an account or not: both are counted alike. */
  email: string
  address: string
  /** The device, when it has logged into this account before: strangers' guesses do not count against it. */
  knownDevice: string | null
}

export interface PasswordThrottle {
  /**
   * Counts a guess before it is checked, so that parallel guesses cannot outrun the count.
   * @returns 0 when it may be checked, else the seconds to wait; then it must not be checked, or a right one would show
   * @throws SESSIONS_UNAVAILABLE when nobody can count now
   */
  admit (guess: Guess): Promise<number>
  /** The guess was right: the account's count starts anew, the address gets its guess back. */
  forgive (guess: Guess): Promise<void>
  /** The operator knows the owner: what strangers guessed is forgotten, also after a hundred of them. */
  forget (email: string): Promise<void>
}

/** One counter for login, re-authentication and password change. */
export function passwordThrottle (openLimiter: OpenLimiter): PasswordThrottle {
  const addresses = openLimiter({ name: 'address', ...PER_ADDRESS })
  const guesses = openLimiter({ name: 'guesses', points: GUESSES_EVER, durationSeconds: YEAR_SECONDS })
  const waits = openLimiter({ name: 'wait', points: 1, durationSeconds: FIRST_WAIT_SECONDS })

  // Else a crowd at once would fill the hundred, and keep the owner out, without a password being checked.
  async function giveBack (account: string, refusal: unknown): Promise<never> {
    if (refusal instanceof RateLimiterRes) await guesses.reward(account)
    throw refusal
  }

  async function admitAccount (account: string): Promise<number> {
    const { consumedPoints } = await guesses.consume(account).catch(refusal => giveBack(account, refusal))
    if (consumedPoints < FREE_GUESSES) return 0
    // The first to come takes the wait's only place, and whoever comes before it is over is refused and not counted.
    const wait = await secondsUntil(waits.consume(account, 1, { customDuration: waitAfter(consumedPoints) }))
    if (wait > 0) await guesses.reward(account)
    return wait
  }

  async function beginAnew (account: string): Promise<void> {
    await Promise.all([guesses.delete(account), waits.delete(account)])
  }

  return {
    admit: guess => orUnavailable(SessionsUnavailable, async () => {
      const wait = await secondsUntil(addresses.consume(addressGroup(guess.address)))
      return wait > 0 ? wait : await secondsUntil(admitAccount(accountOf(guess)))
    }),
    forgive: guess => orUnavailable(SessionsUnavailable, async () => {
      await Promise.all([beginAnew(accountOf(guess)), addresses.reward(addressGroup(guess.address))])
    }),
    forget: email => orUnavailable(SessionsUnavailable, () => beginAnew(accountOf({ email, knownDevice: null })))
  }
}

/** 15 seconds after the fifth wrong guess, twice as long after each further one, up to 15 minutes. */
function waitAfter (count: number): number {
  return Math.min(FIRST_WAIT_SECONDS * 2 ** (count - FREE_GUESSES), LONGEST_WAIT_SECONDS)
}

// Hashed, because what people type into the wrong field is a password, and to bound the key's length.
function accountOf ({ email, knownDevice }: Pick<Guess, 'email' | 'knownDevice'>): string {
  const account = canonicalEmail(email) ?? email
  return createHash('sha256').update(`${account}\n${knownDevice ?? ''}`).digest('base64url')
}
