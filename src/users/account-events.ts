import type { Client } from '../sessions/session.ts'

/** How long an event is kept. */
export const KEPT_MS = 90 * 24 * 60 * 60_000
/** The most that are listed. A user can cause any number of events, and to list a hundred thousand would block the event loop for a second. */
export const LISTED_MAX = 2_000

/**
 * THE CONTRACT of what happened lately. Every database passes the same suite, test/contract/account-events.ts.
 * Events go with their user; those older than 90 days go by themselves.
 */
export interface AccountEvents {
  /**
   * Writes an event down, after the answer that it describes: it never delays that answer. Many at once are written
   * together. While the database cannot write them they wait; when too many wait, new ones are dropped. For logins and
   * logouts: an event that goes with a write to the database is part of that write, see transact.ts.
   */
  record (event: AccountEvent): void

  /** The latest first. @param limit 2,000 when left out. @throws USERS_UNAVAILABLE */
  listOf (userId: string, limit?: number): Promise<RecordedEvent[]>

  /** Removes what is older than 90 days, in small batches. @returns how many */
  sweep (): Promise<number>

  /** Resolves when what was recorded so far is written, or waits for the database. */
  flush (): Promise<void>

  /** Tries once more to write what waits. What cannot be written is lost. */
  close (): Promise<void>

  /** How many events were dropped so far. */
  dropped (): number
}

export type AccountEventType =
  | 'signed up' | 'logged in' | 'login failed' | 'password refused' | 'logged out' | 'session revoked' | 'password changed'
  | 'email changed' | 'profile changed' | 'throttled' | 'exported'

export interface AccountEvent extends Client {
  userId: string
  type: AccountEventType
}

export interface RecordedEvent extends AccountEvent {
  at: Date
}
