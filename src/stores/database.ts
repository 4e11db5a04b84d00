import type { Credentials } from '../credentials/credentials.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { StoreOptions } from '../observability/store-log.ts'
import type { DeviceStore } from '../authentication/limits/device-store.ts'
import type { RateLimitStore } from '../authentication/limits/rate-limit-store.ts'
import type { AccountEvents } from '../users/account-events.ts'
import type { UserRepository } from '../users/user-repository.ts'
import type { Transact } from '../accounts/transact.ts'

/**
 * Everything that is kept in one database, whichever it is. Each dialect has one file that makes this out of its own
 * parts; nothing outside those parts knows which dialect it is.
 */
export interface Database {
  users: UserRepository
  credentials: Credentials
  /** Writes about accounts. */
  transact: Transact
  accountEvents: AccountEvents
  /** Where sessions live when there is no Redis. */
  sessions: SessionStore
  /** Browsers that have logged in. */
  devices: DeviceStore
  /** Where attempts are counted when there is no Redis. */
  rateLimits: RateLimitStore
  /** @throws USERS_UNAVAILABLE */
  size (): Promise<DatabaseSize>
  /** Lets go of files and connections. */
  close (): Promise<void>
}

export interface DatabaseOptions extends StoreOptions {
  /** Whoever only looks at a service's database makes no file for a new one. */
  mustExist?: boolean
}

export interface DatabaseSize {
  users: number
  disabled: number
}
