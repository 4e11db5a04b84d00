import { statSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import { Sqlite } from './driver.ts'

/** How long a connection that met damage is not ready: the damaged page may be one of thousands, which a ping never reads. */
const DAMAGE_REMEMBERED_MS = 5 * 60_000
const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|IOERR_(SHORT_READ|READ|CORRUPTFS|DATA)$)/

interface OpenedFile {
  path: string
  dev: number
  ino: number
}

interface SqliteFileOptions {
  now: Clock
  /** How long to wait for another process' lock, in milliseconds. The event loop waits too. */
  timeout: number
}

/**
 * A connection that works only while its path leads to the file it opened. SQLite goes on without an error after the
 * file was deleted, replaced or cut short, and everything that it confirms from then on is lost with the next start.
 */
export class SqliteFile extends Sqlite {
  readonly #now: Clock
  /** The database, then the log of writes (-wal) and its index (-shm), which other processes find by name. */
  #opened: OpenedFile[] = []
  #size = 0
  #damagedAt = -Infinity

  constructor (path: string, { now, timeout }: SqliteFileOptions) {
    super(path, { timeout })
    this.#now = now
  }

  /** From now on the files have to be the ones that are there now. */
  pin (): void {
    const [{ file }] = this.pragma('database_list') as [{ file: string }]
    // The given path, which may go through links; SQLite keeps the other two beside the file itself.
    this.#opened = [this.name, `${file}-wal`, `${file}-shm`].map(path => {
      const { dev, ino } = statSync(path)
      return { path, dev, ino }
    })
    this.#assertInPlace(this.#opened)
  }

  /** @throws SQLITE_FILE_REPLACED, or SQLITE_CORRUPT when damage was met in the last five minutes */
  assertSound (): void {
    this.#assertInPlace(this.#opened)
    if (Math.abs(this.#now() - this.#damagedAt) < DAMAGE_REMEMBERED_MS) throw failure('SQLITE_CORRUPT', `${this.name} is damaged: restore a backup`)
  }

  // Each statement looks for itself; a read, which is cheap, only at the database. Two microseconds for each file.
  override prepare<Parameters extends unknown[] | object = unknown[], Row = unknown> (source: string) {
    const statement = super.prepare<Parameters, Row>(source)
    const files = () => statement.readonly ? this.#opened.slice(0, 1) : this.#opened
    for (const method of ['run', 'get', 'all'] as const) {
      const execute = statement[method]
      Object.defineProperty(statement, method, { value: (...values: unknown[]) => this.#watched(files(), () => Reflect.apply(execute, statement, values)) })
    }
    return statement
  }

  #watched<T> (files: OpenedFile[], execute: () => T): T {
    this.#assertInPlace(files)
    try {
      return execute()
    } catch (error) {
      if (DAMAGE.test(String((error as { code?: string }).code))) this.#damagedAt = this.#now()
      throw error
    }
  }

  #assertInPlace (files: OpenedFile[]): void {
    for (const { path, dev, ino } of files) {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found?.ino !== ino || found.dev !== dev) throw failure('SQLITE_FILE_REPLACED', `${path} was removed or replaced while it was in use: restart the service`)
      if (path === this.name) this.#assertNotCut(found.size)
    }
  }

  /** As when a backup is copied over it. A VACUUM also shrinks the file, but not below its number of pages. */
  #assertNotCut (size: number): void {
    const isCut = () => size < this.#valueOf('page_count') * this.#valueOf('page_size')
    if (size < this.#size && isCut()) throw failure('SQLITE_FILE_REPLACED', `${this.name} was overwritten while it was in use: restore a backup`)
    this.#size = size
  }

  #valueOf (pragma: string): number {
    return Number(this.pragma(pragma, { simple: true }))
  }
}

function failure (code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
