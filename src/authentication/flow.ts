import { canonicalEmail } from '../users/email-address.ts'
import type { Passwords } from '../credentials/passwords.ts'
import type { Account, UserRepository } from '../users/user-repository.ts'
import { type Attempt, attemptOf, type AttemptOptions } from './attempt.ts'
import type { LoginMethods, Method, Verified } from './method.ts'
import { isSatisfied } from './policy.ts'

/** Counts what is tried. Guesses at one account share a count, wherever they are made. */
export interface AttemptCounter {
  /** Before it is checked. @throws TOO_MANY_GUESSES, with the seconds to wait; then it must not be checked */
  consume (account: Readonly<Account> | null): Promise<void>
  /** It was wrong. The answer must not differ by whose it was, nor its time. */
  recordFailure (account: Readonly<Account> | null): void
}

/** What a step of a flow works with. */
export interface Step {
  method: Method
  /** Of the admitted work. */
  passwords: Passwords
  counter: AttemptCounter
}

export interface LoginForm extends AttemptOptions {
  /** As it was typed. */
  email: string
  password: string
}

/**
 * The first step of a login, or null: alike, and after the same work, for an unknown email, a wrong password and a
 * disabled account, so that nobody learns who has an account (OWASP ASVS 5.0, 6.3.8).
 * @throws TOO_MANY_GUESSES, HASHING_BUSY, SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
 */
export async function beginLogin (users: Pick<UserRepository, 'findByEmail'>, step: Step, form: LoginForm): Promise<Attempt | null> {
  const { email, password, remember, returnTo } = form
  // What cannot be an address is looked up all the same: it finds nobody, and takes as long.
  const account = await users.findByEmail(canonicalEmail(email) ?? '')
  const verified = await prove(step, account, password)
  if (account === null || verified === null) return null
  await step.method.upgrade?.(account, password, verified.secret, step.passwords)
  return attemptOf(account, verified.proof, { remember, returnTo })
}

/**
 * Counts, then verifies: the step that a login and a re-authentication share.
 * @throws as `beginLogin`
 */
export async function prove ({ method, passwords, counter }: Step, account: Readonly<Account> | null, input: string): Promise<Verified | null> {
  await counter.consume(account)
  const verified = await method.verify(account?.disabledAt === null ? account : null, input, passwords)
  if (verified === null) counter.recordFailure(account)
  return verified
}

/** Whether nothing else has to be proven. Only then a session begins. @throws USERS_UNAVAILABLE */
export async function isComplete (methods: LoginMethods, { userId, proofs }: Attempt): Promise<boolean> {
  const all = await Promise.all(Object.values(methods).map(async method => await method.isEnrolled(userId) ? [method] : []))
  return isSatisfied(all.flat(), proofs)
}
