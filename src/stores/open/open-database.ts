import type { Config } from '../../config/config.ts'
import type { Database, DatabaseOptions } from '../database.ts'
import { postgresDatabase } from '../postgres/database.ts'
import { sqliteDatabase } from '../sqlite/database.ts'

/**
 * The database that the settings ask for. The only place that asks which dialect it is.
 * A file is open when this returns; a server is reached when it is first needed, and may be down until then.
 * @throws SettingError when the setting leads nowhere
 */
export function openDatabase ({ postgresUrl, sqlitePath }: Config, options: DatabaseOptions): Database {
  return postgresUrl === undefined ? sqliteDatabase(sqlitePath, options) : postgresDatabase(postgresUrl, options)
}
