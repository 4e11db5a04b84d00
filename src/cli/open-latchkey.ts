import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { openDatabase } from '../database/open-database.ts'
import { openSessionStore } from '../sessions/open-session-store.ts'
import type { Clock, SessionStore } from '../sessions/session-store.ts'
import type { UserRepository } from '../users/user-repository.ts'

/** What the service runs on, without the service. */
export interface Latchkey {
  config: Config
  database: Database
  users: UserRepository
  /** Opened when first asked for: what only concerns users works without Redis. */
  sessions (): Promise<SessionStore>
  close (): Promise<void>
}

// What goes wrong is told by the command itself.
const quiet = () => {}
const log = { info: quiet, warn: quiet }

/** @throws SettingError when there is no database, or one that cannot be opened */
export function openLatchkey (config: Config, now: Clock): Latchkey {
  const database = openDatabase(config, { now, log, mustExist: true })
  const { redisUrl, redisPrefix } = config
  let sessions: Promise<SessionStore> | undefined
  return {
    config,
    database,
    users: database.users,
    async sessions () {
      sessions ??= openSessionStore({ redisUrl, redisPrefix, database, now, log })
      return await sessions
    },
    async close () {
      await (await sessions)?.close()
      await database.close()
    }
  }
}
