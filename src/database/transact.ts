import type { AccountEvent } from '../users/account-events.ts'
import type { Account } from '../users/user-repository.ts'

/**
 * THE CONTRACT of writing about accounts. Every database passes the same suite, test/contract/transact.ts.
 *
 * A use case hands over all of its writes at once, as values, because the transactions of better-sqlite3 are synchronous.
 * They are made in this order, in one transaction. Each has to change exactly one row: when one of them doesn't, none of
 * them is made. What a write requires of its row is checked by the statement that writes.
 *
 * PostgreSQL rechecks no condition on another table, so a list that changes what a login depends on begins with the
 * user's row, and all of its conditions are on that row.
 * @throws USERS_UNAVAILABLE when the database doesn't answer. Then nothing is written, unless the commit was under way.
 */
export type Transact = (writes: Write[]) => Promise<Outcome>

export type Write =
  | { insert: 'user', values: Account }
  | { update: 'user', where: UserCondition, set: UserChanges }
  | { delete: 'user', where: UserCondition }
  | { insert: 'event', values: AccountEvent }

/** What has to be true of a user's row for it to be changed: these columns have these values. */
export type UserCondition = Pick<Account, 'id'> & Partial<Pick<Account, 'sessionEpoch' | 'passwordHash'>>

/** The row's `updatedAt` is the time of the write. */
export type UserChanges = Partial<Pick<Account, 'firstName' | 'lastName' | 'email' | 'passwordHash' | 'disabledAt'>> & {
  /** One more than it is, which ends every session of the user. */
  sessionEpoch?: 'raised'
}

/** Only after `done` anything was written. `conflict`: a row was not there, or not as required. */
export type Outcome = 'done' | 'conflict' | 'email taken'
