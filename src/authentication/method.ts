import type { MethodName, Proof } from '../sessions/session.ts'
import type { Account } from '../users/user-repository.ts'
import type { Passwords } from '../credentials/passwords.ts'

/** An input that was right. */
export interface Verified {
  proof: Proof
  /** What was stored of the credential then. For the writes of this request: they require that it is still stored. */
  secret: string
}

/** THE CONTRACT of a way to prove who one is: a file in methods/, and a line in plugins/core/login-methods.ts. */
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
  verify (account: Readonly<Account> | null, input: string, passwords: Passwords): Promise<Verified | null>

  /** Brings what is stored up to date, with an input that a login has verified against it. @throws USERS_UNAVAILABLE */
  upgrade? (account: Readonly<Account>, input: string, secret: string, passwords: Passwords): Promise<void>
}

export type LoginMethods = Record<MethodName, Method>
