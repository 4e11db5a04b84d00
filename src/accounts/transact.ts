import type { NewCredential } from '../credentials/credentials.ts'
import type { AccountEvent } from '../users/account-events.ts'
import type { Account } from '../users/user-repository.ts'

/**
 * THE CONTRACT of writing about accounts. Every database passes the same suite, test/contract/transact.ts.
 *
 * A use case hands over all of its writes at once, as values, because the transactions of better-sqlite3 are synchronous.
 * They are made in this order, in one transaction. Each has to change exactly one row: when one of them doesn't, none of
 * them is made. What a write requires of its row is checked by the statement that writes.
 *
 * PostgreSQL rechecks no condition on another table, so a list that changes a credential begins with raising the epoch in
 * the user's row. Whoever changes anything by that credential has the epoch among the conditions.
 * @throws USERS_UNAVAILABLE when the database doesn't answer. Then nothing is written, unless the commit was under way.
 */
export type Transact = (writes: Write[]) => Promise<Outcome>

export type Write =
  | { insert: 'user', values: Account }
  | { update: 'user', where: UserCondition, set: UserChanges }
  | { delete: 'user', where: UserCondition }
  | { insert: 'event', values: AccountEvent }
  /** In place of the one of its kind and identifier, if there is one. One that is another user's stays. */
  | { put: 'credential', values: NewCredential }

/** What has to be true for a user's row to be changed: these columns have these values. */
export type UserCondition = Pick<Account, 'id'> & (Partial<Pick<Account, 'sessionEpoch'>> & { passwordHash?: undefined } | WithPassword)

/**
 * The user's password has this hash. PostgreSQL doesn't recheck that after it has waited for another write, so it goes with
 * the epoch, which every change of the password raises. An upgrade of the hash doesn't, and leaves the password as it is.
 */
type WithPassword = Pick<Account, 'sessionEpoch'> & { passwordHash: string }

/** The row's `updatedAt` is the time of the write. */
export type UserChanges = Partial<Pick<Account, 'firstName' | 'lastName' | 'email' | 'disabledAt'>> & {
  /** One more than it is, which ends every session of the user. */
  sessionEpoch?: 'raised'
}

/** Only after `done` anything was written. `conflict`: a row was not there, or not as required. */
export type Outcome = 'done' | 'conflict' | 'email taken'
