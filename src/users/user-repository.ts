/**
 * THE CONTRACT of the user table. Every database passes the same suite, test/contract/user-repository.ts.
 * When the database cannot answer, each call rejects with USERS_UNAVAILABLE (503).
 */
export interface UserRepository {
  /** @returns what may be kept and handed to others, so nobody may change it */
  findById (id: string): Promise<Readonly<User> | null>

  /** @param email in canonical form, see email-address.ts */
  findByEmail (email: string): Promise<User | null>

  /** @returns null when the email has an account; the database decides, so parallel sign-ups make one user. */
  create (user: NewUser): Promise<User | null>

  /** Replaces a hash made with older parameters; the password is the same, so sessions stay. */
  upgradePasswordHash (id: string, from: string, to: string): Promise<void>

  /** @returns false when the user is gone */
  rename (id: string, names: { firstName: string, lastName: string }): Promise<boolean>

  /** @returns false when another user has that email; the database decides. @param email in canonical form */
  changeEmail (id: string, email: string): Promise<boolean>

  /**
   * Replaces the password's hash and raises the session epoch, in one write: every session of the user is dead with it.
   * @param from the hash that the old password was checked against
   * @returns the user as they are now, or null when the hash has changed in the meantime: of two at once, one wins
   */
  changePassword (id: string, from: string, to: string): Promise<User | null>

  /** As an operator: whatever the password was. Raises the session epoch. @returns false when the user is gone */
  setPassword (id: string, to: string): Promise<boolean>

  /** Disabling raises the session epoch; enabling brings no session back. @returns false when the user is gone */
  setDisabled (id: string, disabled: boolean): Promise<boolean>

  /** Ends every session of the user, whatever the session store does. @returns false when the user is gone */
  raiseSessionEpoch (id: string): Promise<boolean>

  /** Ends every session of everybody. @returns how many users there are */
  raiseEverySessionEpoch (): Promise<number>

  /** Removes the user and their events. @returns false when they were gone already */
  delete (id: string): Promise<boolean>

  /** A page of users, by email. @param after the email that the page before ended with */
  list (options: { limit: number, after?: string }): Promise<User[]>

  count (): Promise<number>

  /** Resolves when users can be read now. @throws USERS_UNAVAILABLE */
  ping (): Promise<void>

  /** Lets go of connections. */
  close (): Promise<void>
}

export interface NewUser {
  firstName: string
  lastName: string
  /** Canonical form. */
  email: string
  /** argon2id in PHC string format. */
  passwordHash: string
}

export interface User extends NewUser {
  /** 128 random bits in base64url: says nothing about how many users there are. */
  id: string
  /** Copied into each session at login. Raising it ends every session of the user at once. */
  sessionEpoch: number
  disabledAt: Date | null
  createdAt: Date
  updatedAt: Date
}
