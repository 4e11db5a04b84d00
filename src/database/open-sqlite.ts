import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { packageRoot } from '../package-root.ts'

/** Drizzle over one open file. Whoever opened it closes it: `database.$client.close()`. */
export type SqliteDatabase = BetterSQLite3Database & { $client: Database.Database }

// Waiting for another process' lock stops the event loop, and with it every request.
const BUSY_TIMEOUT_MS = 250
const MIGRATION_TIMEOUT_MS = 10_000

const migrationsFolder = join(packageRoot, 'drizzle', 'sqlite')

/**
 * Opens a file, made on the way when there is none, and brings its tables up to date.
 * @throws what SQLite or the file system says, as this happens at the start only
 */
export function openSqlite (path: string): SqliteDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return alone(path, () => {
    const database = drizzle({ client: openFile(path) })
    migrate(database, { migrationsFolder })
    return database
  })
}

function openFile (path: string): Database.Database {
  makePrivate(path)
  const client = new Database(path, { timeout: BUSY_TIMEOUT_MS })
  client.pragma('journal_mode = WAL')
  // Not kept in the file: a WAL database opens with NORMAL, where a power cut takes back logouts that were confirmed.
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  return client
}

/**
 * SQLite would make it readable for all, and gives its side files the mode of this one. A file that exists is left alone:
 * closing it would let go of the locks that this process holds on it through SQLite.
 */
function makePrivate (path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

/**
 * One process at a time: neither Drizzle's migrations nor the switch to WAL stand two processes that start at once.
 * The lock is one of the operating system on a second file, so a process that dies lets go of it.
 */
function alone<T> (path: string, work: () => T): T {
  makePrivate(`${path}.lock`)
  const lock = new Database(`${path}.lock`, { timeout: MIGRATION_TIMEOUT_MS })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return work()
  } finally {
    lock.close()
  }
}
