import { createRequire } from 'node:module'
import type BetterSqlite3 from 'better-sqlite3'

/**
 * better-sqlite3 for this Node. Version 12 is the last for Node 20, but compiled for Node 24.19 or newer it aborts the
 * process at some garbage collection (nodejs/node#65446). Version 13 has no such fault, and needs Node 22.
 */
const drivers = [
  { sinceNode: 22, name: 'better-sqlite3-13' },
  { sinceNode: 0, name: 'better-sqlite3' }
]
const { name } = drivers.find(({ sinceNode }) => parseInt(process.versions.node) >= sinceNode)!

export const Sqlite: typeof BetterSqlite3 = createRequire(import.meta.url)(name)

/** One open file. */
export type SqliteClient = BetterSqlite3.Database
