import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { openSqlite, type SqliteDatabase, withoutSync } from '../../src/stores/sqlite/open-sqlite.ts'
import { packageRoot } from '../../src/config/package-root.ts'

function newFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

function open (t: Test, path: string): SqliteDatabase {
  const sqlite = openSqlite(path)
  t.teardown(() => sqlite.$client.close())
  return sqlite
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

const tablesOf = (sqlite: SqliteDatabase) => sqlite.$client.prepare("select name from sqlite_schema where type = 'table'").pluck().all()

t.test('a fresh path becomes a folder, a file and its tables, private to this user', async t => {
  const folder = join(newFolder(t), 'not', 'there')
  const path = join(folder, 'latchkey.sqlite')
  const sqlite = open(t, path)
  for (const table of ['account_events', 'sessions', 'users']) t.ok(tablesOf(sqlite).includes(table), table)
  t.equal(modeOf(folder), '700')
  for (const file of ['', '.lock', '-wal', '-shm']) t.equal(modeOf(path + file), '600', `latchkey.sqlite${file}`)
})

t.test('opening it again keeps what is in it, and the mode that the operator gave it', async t => {
  const path = join(newFolder(t), 'latchkey.sqlite')
  const first = openSqlite(path)
  first.$client.exec("insert into sessions values ('a', null, 1, '{}', 0)")
  first.$client.close()
  chmodSync(path, 0o640)
  const second = open(t, path)
  t.equal(second.$client.prepare('select count(*) from sessions').pluck().get(), 1)
  t.equal(modeOf(path), '640')
})

t.test('each opening asks for durable writes, short waits, small checkpoints and honoured references', async t => {
  const path = join(newFolder(t), 'latchkey.sqlite')
  openSqlite(path).$client.close()
  const pragma = (name: string) => open(t, path).$client.pragma(name, { simple: true })
  t.equal(pragma('journal_mode'), 'wal')
  t.equal(pragma('synchronous'), 2)
  t.equal(pragma('foreign_keys'), 1)
  t.equal(pragma('busy_timeout'), 250)
  t.equal(pragma('wal_autocheckpoint'), 200)
})

t.test('what a power cut may take back does not wait for the disk, and what comes after it does again, also when it fails', async t => {
  const { $client: client } = open(t, join(newFolder(t), 'latchkey.sqlite'))
  const synchronous = () => client.pragma('synchronous', { simple: true })
  t.equal(withoutSync(client, synchronous), 1)
  t.equal(synchronous(), 2)
  t.throws(() => withoutSync(client, () => client.exec('nonsense')))
  t.equal(synchronous(), 2)
})

t.test('what cannot be opened says so', async t => {
  const path = newFolder(t)
  t.throws(() => openSqlite(path), /unable to open database file|directory/)
})

t.test('processes that start at once on one fresh file make its tables once', async t => {
  const path = join(newFolder(t), 'latchkey.sqlite')
  const lock = new Sqlite(`${path}.lock`)
  lock.exec('begin exclusive')
  const processes = Array.from({ length: 3 }, () => startOpening(path))
  await Promise.all(processes.map(child => once(child, 'message')))
  t.notOk(existsSync(path), 'nobody begins while another one is at it')

  const outcomes = processes.map(async child => (await once(child, 'message'))[0])
  lock.close()
  t.strictSame(await Promise.all(outcomes), processes.map(() => 'opened'))
  const sqlite = open(t, path)
  const migrations = sqlite.$client.prepare('select hash from __drizzle_migrations').pluck().all()
  t.equal(migrations.length, new Set(migrations).size)
  t.equal(sqlite.$client.prepare('select count(*) from sessions').pluck().get(), processes.length)
})

function startOpening (path: string): ChildProcess {
  return start(`
    process.send('opening')
    const { $client } = openSqlite(${JSON.stringify(path)})
    $client.prepare("insert into sessions values (?, null, 1, '{}', 0)").run(String(process.pid))
    $client.close()
    process.send('opened')`)
}

/** A process that runs a program and sends the code of what it throws. */
function start (program: string): ChildProcess {
  const module = new URL('../../src/stores/sqlite/open-sqlite.ts', import.meta.url).href
  const driver = new URL('../../src/stores/sqlite/driver.ts', import.meta.url).href
  const guarded = `
    import { Sqlite } from ${JSON.stringify(driver)}
    import { openSqlite } from ${JSON.stringify(module)}
    try {
      ${program}
    } catch (error) {
      process.send(error.code)
    }
    process.disconnect()`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', guarded]
  return spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], cwd: packageRoot })
}
