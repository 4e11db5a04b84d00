import type { UserCondition } from './transact.ts'
import type { Account } from '../users/user-repository.ts'

/**
 * On whose behalf an account is changed, as conditions of the statement that writes. An operator's `{ id }` is enough:
 * whatever the user has changed meanwhile.
 */
export type Authority = UserCondition

/** A session of this user, as long as no write has ended all of them. */
export function ofSession ({ id, sessionEpoch }: Account): Authority {
  return { id, sessionEpoch }
}

/** A session whose user has just given the password, as long as it is this one. @param passwordHash that it was verified against */
export function ofPassword ({ id, sessionEpoch }: Account, passwordHash: string): Authority {
  return { id, sessionEpoch, passwordHash }
}
