/**
 * THE CONTRACT of what users prove with who they are: reading it. What changes it goes through transact.ts.
 * Every database passes the same suite, test/contract/credentials.ts.
 * A secret is read when something has to be verified, by whoever verifies it, and is handed to nobody else.
 * When the database cannot answer, each call rejects with USERS_UNAVAILABLE (503).
 */
export interface Credentials {
  /** The hash of the user's password, argon2id in PHC string format, or null when there is none. */
  passwordOf (userId: string): Promise<string | null>

  /**
   * Replaces a hash made with older parameters, unless it is another one by now. The password is the same, so sessions
   * stay, and so does the user's row.
   */
  upgradePassword (userId: string, from: string, to: string): Promise<void>
}

export type CredentialKind = 'password'

/** What is stored when a credential is set. */
export interface NewCredential {
  kind: CredentialKind
  /** Of its kind, it is one user's. */
  identifier: string
  userId: string
  /** As it is stored: a hash, or encrypted. */
  secret: string
}

/** Each user has one password, so it is named after them. */
export function passwordCredential (userId: string, passwordHash: string): NewCredential {
  return { kind: 'password', identifier: userId, userId, secret: passwordHash }
}
