import { LRUCache } from 'lru-cache'
import type { SqliteClient } from './driver.ts'

const KEPT_MAX = 1_000

/**
 * Caches rows until anything is written to the file, so no row is ever stale. `PRAGMA data_version` is cheaper than reading
 * a row, and runs once for all reads of one tick. Don't use it inside a transaction that can be rolled back.
 * @param watching a connection that never writes such rows: the pragma reports the writes of other connections only
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
    // Code that awaits a write of this process continues after this.
    queueMicrotask(passes)
  }

  function readAndKeep (key: string): Readonly<Row> | undefined {
    const row = read(key)
    // Shared by all readers, so none of them may change it.
    if (row !== undefined) kept.set(key, Object.freeze(row))
    return row
  }

  return key => {
    if (!isSeenNow) look()
    return kept.get(key) ?? readAndKeep(key)
  }
}
