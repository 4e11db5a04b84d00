import type { SessionData, SessionFields } from './session.ts'

/**
 * THE CONTRACT of a session store. Every store passes the same suite, test/contract/session-store.ts.
 *
 * A store knows sessions by their handle only, the SHA-256 of the id (see session-handle.ts), so what leaks
 * from a store logs nobody in. It never decides how long a session may live: it is told, in epoch milliseconds.
 * When a store cannot answer, it rejects with SESSIONS_UNAVAILABLE (503): within a second, or where a form waits within what
 * is left of its time (see time-budget.ts). It never answers "none" instead, which would log people out for good.
 */
export interface SessionStore {
  /** What the start line of the log calls it: `Redis at 127.0.0.1:6379`. Never with a password in it. */
  readonly description: string

  /**
   * Stores a session that was not there.
   * @throws SESSION_EXISTS when the handle is taken. An id is 192 random bits, so this is a bug or an attack.
   */
  create (session: NewSession): Promise<void>

  /** The session as a copy, or null when there is none, it has expired, or what is stored is not one of ours. */
  read (handle: string): Promise<StoredSession | null>

  /** The part of it that identifies somebody, which costs less. */
  readCore (handle: string): Promise<StoredCore | null>

  /**
   * Changes a session that is still there: the fields that differ, and nothing else, in one atomic step.
   * Revoking is stronger than saving: a session that was revoked or has expired is not brought back.
   * @returns false when the session is gone; then nothing was stored.
   */
  update (handle: string, changes: SessionChanges): Promise<boolean>

  /** Ends a session. Ending one that is gone or never was is fine. */
  revoke (handle: string): Promise<void>

  /** The live sessions of one user, in no promised order. */
  listOf (userId: string): Promise<StoredSession[]>

  /** Ends a session if it is this user's. @returns false alike for "not theirs" and "not there". */
  revokeOf (userId: string, handle: string): Promise<boolean>

  /** Ends every session of a user but one, or all of them. @returns how many were ended. */
  revokeAllOf (userId: string, exceptHandle?: string): Promise<number>

  /** Ends every session of up to a thousand users, together where the backend can. @returns how many were ended. */
  revokeAllOfUsers (userIds: string[]): Promise<number>

  /**
   * Removes what has expired, where the backend does not do so by itself.
   * @param progress is told now and then how many were removed so far
   * @returns how many were removed.
   */
  sweep (progress?: (removed: number) => void): Promise<number>

  /**
   * How many live sessions there are, those of visitors among them. Redis goes through every key for it: for operators,
   * now and then, not for a request.
   */
  count (): Promise<number>

  /** Resolves when sessions can be read now. @throws SESSIONS_UNAVAILABLE */
  ping (): Promise<void>

  /** Lets go of connections. */
  close (): Promise<void>
}

/** Who is logged in, and for how long. */
export interface StoredCore extends Pick<SessionData, 'core' | 'lastSeenAt'> {
  handle: string
  /** Epoch milliseconds. From then on the session is absent. */
  expiresAt: number
}

export interface StoredSession extends StoredCore, SessionData {}

export interface NewSession extends StoredSession {
  /** Epoch milliseconds of the last moment that renewals can carry the session to; the user's index lives as long. */
  endsAt: number
}

/** Changes of an application's fields and of deadlines. The core never changes, so a session never changes hands. */
export interface SessionChanges {
  /** Fields with their new values. */
  set: SessionFields
  /** Names of fields to remove. */
  remove: string[]
  /** New deadlines, when this update is a sign of life; otherwise they stay as they are. */
  renewal?: Renewal
}

/** In epoch milliseconds. */
export interface Renewal {
  lastSeenAt: number
  expiresAt: number
  endsAt: number
}
