import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openSqlite } from '../src/stores/sqlite/open-sqlite.ts'

let template: string | undefined

/** Puts an empty database there, unless there is one: making the tables takes longer than most tests. */
export function copySqliteTemplate (path: string): void {
  if (existsSync(path)) return
  template ??= makeTemplate()
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  copyFileSync(template, path)
}

/** Tables that were made once. It goes with this process. */
function makeTemplate (): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-template-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'latchkey.sqlite')
  openSqlite(path).$client.close()
  return path
}
