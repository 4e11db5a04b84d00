import { LRUCache } from 'lru-cache'
import type { SqliteClient } from './driver.ts'

const KEPT_MAX = 1_000

/**
 * Rows as they were read, for as long as nobody has written to the file since: nothing that is handed out is out of date.
 * Whether anything was written is less work to ask than a row, and is asked once for all who read at that moment.
 * Not for reading in the middle of a transaction that can still be taken back.
 * @param watching a connection that never writes such rows: SQLite tells each of the writes of others only
 * @param read a row, or undefined
 */
export function rowCache<Row extends object> (watching: SqliteClient, read: (key: string) => Row | undefined): (key: string) => Readonly<Row> | undefined {
  const kept = new LRUCache<string, Readonly<Row>>({ max: KEPT_MAX })
  const version = watching.prepare('PRAGMA data_version').pluck()
  let seen: unknown
  let isSeenNow = false
  const passes = () => { isSeenNow = false }

  function look () {
    const current = version.get()
    if (current !== seen) kept.clear()
    seen = current
    isSeenNow = true
    // Whoever waits for a write of this process goes on after this.
    queueMicrotask(passes)
  }

  function readAndKeep (key: string): Readonly<Row> | undefined {
    const row = read(key)
    // Handed to many: none of them may change it for the others.
    if (row !== undefined) kept.set(key, Object.freeze(row))
    return row
  }

  return key => {
    if (!isSeenNow) look()
    return kept.get(key) ?? readAndKeep(key)
  }
}
