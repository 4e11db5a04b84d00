/**
 * THE CONTRACT of the user table. Every database passes the same suite, test/contract/user-repository.ts.
 * When the database cannot answer, each call rejects with USERS_UNAVAILABLE (503).
 */
export interface UserRepository {
  findById (id: string): Promise<User | null>

  /** @param email in canonical form, see email-address.ts */
  findByEmail (email: string): Promise<User | null>

  /** @returns null when the email has an account; the database decides, so parallel sign-ups make one user. */
  create (user: NewUser): Promise<User | null>

  /** Replaces a hash made with older parameters; the password is the same, so sessions stay. */
  upgradePasswordHash (id: string, from: string, to: string): Promise<void>

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
