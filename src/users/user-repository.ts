/**
 * THE CONTRACT of the user table: who is there. What changes an account goes through transact.ts.
 * Every database passes the same suite, test/contract/user-repository.ts.
 * When the database cannot answer, each call rejects with USERS_UNAVAILABLE (503).
 */
export interface UserRepository {
  /** @returns what may be kept and handed to others, so nobody may change it */
  findById (id: string): Promise<Readonly<Account> | null>

  /** @param email in canonical form, see email-address.ts */
  findByEmail (email: string): Promise<Account | null>

  /** Ends every session of everybody, in batches. @param progress is told after each of how many users. @returns of how many in all */
  raiseEverySessionEpoch (progress?: (users: number) => void): Promise<number>

  /** A page of users, by email. @param after the email that the page before ended with */
  list (options: { limit: number, after?: string }): Promise<Account[]>

  count (): Promise<number>

  /** Resolves when users can be read now. @throws USERS_UNAVAILABLE */
  ping (): Promise<void>

  /** Lets go of connections. */
  close (): Promise<void>
}

export interface NewAccount {
  firstName: string
  lastName: string
  /** Canonical form. */
  email: string
}

/** What is known of a user. What they prove with who they are is not: see credentials.ts. */
export interface Account extends NewAccount {
  /** 128 random bits in base64url: says nothing about how many users there are. */
  id: string
  /** Copied into each session at login. Raising it ends every session of the user at once. */
  sessionEpoch: number
  disabledAt: Date | null
  createdAt: Date
  updatedAt: Date
}
