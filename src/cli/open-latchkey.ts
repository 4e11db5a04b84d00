import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../stores/database.ts'
import { openDatabase } from '../stores/open/open-database.ts'
import { openRedis } from '../stores/redis/open-redis.ts'
import { sessionStoreIn } from '../stores/open/open-session-store.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { type LoginAttempts, loginAttempts } from '../authentication/limits/login-attempts.ts'
import { rateLimitStoreIn } from '../stores/open/open-rate-limit-store.ts'
import type { UserRepository } from '../users/user-repository.ts'
import { silentLog } from './silent-log.ts'

/** What the service runs on, without the service. */
export interface Latchkey {
  config: Config
  database: Database
  users: UserRepository
  /** Opened when first asked for: what only concerns users works without Redis. */
  sessions (): Promise<SessionStore>
  loginAttempts (): Promise<LoginAttempts>
  close (): Promise<void>
}

/** @throws SettingError when there is no database, or one that cannot be opened */
export function openLatchkey (config: Config, now: Clock): Latchkey {
  const database = openDatabase(config, { now, log: silentLog, mustExist: true })
  let stores: ReturnType<typeof openStores> | undefined
  const opened = () => { stores ??= openStores(config, database, now); return stores }
  return {
    config,
    database,
    users: database.users,
    sessions: async () => (await opened()).sessions,
    loginAttempts: async () => (await opened()).attempts,
    async close () {
      await (await stores)?.close()
      await database.close()
    }
  }
}

/** What is in Redis when there is one. */
async function openStores ({ redisUrl, redisPrefix }: Config, database: Database, now: Clock) {
  const connection = redisUrl === undefined ? null : await openRedis({ url: redisUrl, log: silentLog })
  const redis = connection && connection.client
  return {
    sessions: sessionStoreIn({ redis, redisPrefix, database, now, log: silentLog }),
    attempts: loginAttempts(rateLimitStoreIn({ redis, redisPrefix, database, now }), now),
    close: async () => await connection?.close()
  }
}
