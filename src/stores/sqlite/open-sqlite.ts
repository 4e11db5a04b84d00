import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { Clock } from '../../clock.ts'
import { SettingError } from '../../errors.ts'
import { packageRoot } from '../../config/package-root.ts'
import { makePrivate, takeLock } from './file-lock.ts'
import { hasEveryMigration, NewerSchema } from '../newer-schema.ts'
import type { SqliteClient } from './driver.ts'
import { SqliteFile } from './sqlite-file.ts'

/** Drizzle over one open file. Whoever opened it closes it: `database.$client.close()`. */
export type SqliteDatabase = BetterSQLite3Database & { $client: SqliteClient }
export type OpenedSqlite = SqliteDatabase & { $client: SqliteFile }

// Waiting for another process' lock stops the event loop, and with it every request.
const BUSY_TIMEOUT_MS = 250
const MIGRATION_TIMEOUT_MS = 10_000
// Every so many pages, a write also copies the log into the file, which blocks the event loop. SQLite's own 1,000 pages block it for longer.
const CHECKPOINT_PAGES = 200

const migrationsFolder = join(packageRoot, 'drizzle', 'sqlite')

/**
 * Opens a file, made on the way when there is none, and brings its tables up to date.
 * @throws what SQLite or the file system says, as this happens at the start only
 */
export function openSqlite (path: string, now: Clock = Date.now): OpenedSqlite {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return alone(path, () => {
    const client = openFile(path, now)
    const database = drizzle({ client })
    migrate(database, { migrationsFolder })
    hasEveryMigration(migrationsFolder, Number(client.prepare('select max(created_at) from __drizzle_migrations').pluck().get()))
    client.pin()
    return Object.assign(database, { $client: client })
  })
}

/** @param setting that leads there. @throws SettingError when it cannot be opened */
export function openSqliteOrExplain (path: string, setting: string, now: Clock = Date.now): OpenedSqlite {
  try {
    return openSqlite(path, now)
  } catch (cause) {
    if (cause instanceof NewerSchema) throw new SettingError(`${setting} leads to ${path}: ${cause.message}.`, { cause })
    const { code } = cause as NodeJS.ErrnoException
    throw new SettingError(`${setting} leads to ${path}, which cannot be opened as a database (${code}).`, { cause })
  }
}

/** For commands: one that made a database would hide a wrong setting behind "no such user". @throws SettingError when there is none */
export function existingSqlite (path: string, setting: string, now: Clock = Date.now): OpenedSqlite {
  if (!existsSync(path)) throw new SettingError(`${setting} leads to ${path}, where there is no database yet: the service makes it when it first starts.`)
  return openSqliteOrExplain(path, setting, now)
}

function openFile (path: string, now: Clock): SqliteFile {
  makePrivate(path)
  const client = new SqliteFile(path, { now, timeout: BUSY_TIMEOUT_MS })
  client.pragma('journal_mode = WAL')
  // Not kept in the file: a WAL database opens with NORMAL, where a power cut takes back logouts that were confirmed.
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  client.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  return client
}

/** For writes that a power cut may undo, such as those of a sweep: they do not wait for the disk. */
export function withoutSync<T> (client: SqliteClient, write: () => T): T {
  const synchronous = client.pragma('synchronous', { simple: true })
  client.pragma('synchronous = NORMAL')
  try {
    return write()
  } finally {
    client.pragma(`synchronous = ${synchronous}`)
  }
}

/** One process at a time: neither Drizzle's migrations nor the switch to WAL stand two processes that start at once. */
function alone<T> (path: string, work: () => T): T {
  const release = takeLock(path, MIGRATION_TIMEOUT_MS)
  try {
    return work()
  } finally {
    release()
  }
}
