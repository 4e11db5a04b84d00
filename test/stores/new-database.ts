import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openSqlite, type SqliteDatabase } from '../../src/stores/sqlite/open-sqlite.ts'
import { Sqlite, type SqliteClient } from '../../src/stores/sqlite/driver.ts'
import { copySqliteTemplate } from '../sqlite-template.ts'

/** A migrated database in a folder of its own, both gone at the end of the test. */
export function newDatabase (t: Test): SqliteDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  const path = join(folder, 'latchkey.sqlite')
  copySqliteTemplate(path)
  const sqlite = openSqlite(path)
  t.teardown(() => {
    sqlite.$client.close()
    rmSync(folder, { recursive: true })
  })
  return sqlite
}

/** Another connection to the same file. @param asked is told every statement */
export function connectionTo (t: Test, { $client: { name } }: SqliteDatabase, asked = (_statement: unknown) => {}): SqliteClient {
  const client = new Sqlite(name, { verbose: asked })
  t.teardown(() => client.close())
  return client
}
