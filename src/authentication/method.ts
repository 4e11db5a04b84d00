import type { MethodName, Proof } from '../sessions/session.ts'
import type { Account } from '../users/user-repository.ts'
import type { Passwords } from '../users/passwords.ts'

/** THE CONTRACT of a way to prove who one is: a file in methods/, and a line in plugins/login-methods.ts. */
export interface Method {
  name: MethodName
  /** Two methods of one factor are one factor. */
  factor: 'knowledge' | 'possession' | 'inherence'

  /** Whether the account has it. @throws USERS_UNAVAILABLE */
  isEnrolled (userId: string): Promise<boolean>

  /**
   * Whether the input proves that it is this account's owner.
   * @param account null for an email without an account and for a disabled one: does the same work, and finds no proof
   * @param passwords of the admitted work, which this is part of
   * @throws USERS_UNAVAILABLE
   */
  verify (account: Readonly<Account> | null, input: string, passwords: Passwords): Promise<Proof | null>

  /** Brings what is stored up to date, with an input that was verified by a login. @throws USERS_UNAVAILABLE */
  upgrade? (account: Readonly<Account>, input: string, passwords: Passwords): Promise<void>
}

export type LoginMethods = Record<MethodName, Method>
