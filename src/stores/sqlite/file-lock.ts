import { closeSync, existsSync, openSync } from 'node:fs'
import { Sqlite } from './driver.ts'

/**
 * Takes the lock that goes with a database file: of all processes, one at a time has it.
 * It is one of the operating system on a file of its own, so a process that dies lets go of it.
 * @returns what lets go of it
 * @throws SQLITE_BUSY when another process keeps it for longer than the wait
 */
export function takeLock (path: string, waitMs: number): () => void {
  makePrivate(`${path}.lock`)
  const lock = new Sqlite(`${path}.lock`, { timeout: waitMs })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => { lock.close() }
  } catch (error) {
    lock.close()
    throw error
  }
}

/**
 * SQLite would make a file readable for all, and gives its side files the mode of it. One that exists is left alone:
 * closing it would let go of the locks that this process holds on it through SQLite.
 */
export function makePrivate (path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}
