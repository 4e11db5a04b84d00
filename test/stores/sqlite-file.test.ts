import { closeSync, copyFileSync, cpSync, mkdirSync, openSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type OpenedSqlite, openSqlite } from '../../src/stores/sqlite/open-sqlite.ts'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { movableClock } from '../contract/session-store.ts'

const MINUTE_MS = 60_000
const insert = 'insert into throttle values (?, 1, 0)'

function open (t: Test, path: string, now = Date.now): OpenedSqlite {
  const sqlite = openSqlite(path, now)
  t.teardown(() => sqlite.$client.close())
  return sqlite
}

const [filled, empty] = [join(t.testdir(), 'filled.sqlite'), join(t.testdir(), 'empty.sqlite')]

t.before(() => {
  openSqlite(empty).$client.close()
  const { $client: client } = openSqlite(filled)
  const row = client.prepare(insert)
  client.transaction(() => { for (let at = 0; at < 2_000; at++) row.run(`key-${at}`.padEnd(100)) })()
  client.close()
})

/** A database with a few rows. */
function openFilled (t: Test, path: string, now = Date.now): OpenedSqlite {
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(filled, path)
  return open(t, path, now)
}

/** Each makes the path lead elsewhere than to the open file. */
const accidents: Record<string, (path: string) => void> = {
  'the file is deleted': path => rmSync(path),
  'another file is moved in its place' (path) {
    copyFileSync(path, `${path}.new`)
    renameSync(`${path}.new`, path)
  },
  'its folder is deleted': path => rmSync(dirname(path), { recursive: true }),
  'another folder is put in its place' (path) {
    renameSync(dirname(path), `${dirname(path)}.old`)
    cpSync(`${dirname(path)}.old`, dirname(path), { recursive: true })
  },
  'it is emptied': path => truncateSync(path),
  'a smaller backup is copied over it': path => copyFileSync(empty, path)
}

for (const [accident, happen] of Object.entries(accidents)) {
  t.test(`once ${accident}, nothing is read and nothing is confirmed`, async t => {
    const path = join(t.testdir(), 'data', 'latchkey.sqlite')
    const { $client: client } = openFilled(t, path)
    const [read, write] = [client.prepare('select count(*) from throttle'), client.prepare(insert)]
    const transaction = client.transaction((key: string) => write.run(key))
    write.run('before')
    t.doesNotThrow(() => client.assertSound())
    happen(path)
    const replaced = { code: 'SQLITE_FILE_REPLACED' }
    t.throws(() => write.run('written by run'), replaced)
    t.throws(() => client.prepare(`${insert} returning key`).get('written by get'), replaced)
    t.throws(() => client.prepare(`${insert} returning key`).all('written by all'), replaced)
    t.throws(() => transaction.immediate('written in a transaction'), replaced)
    t.throws(() => read.get(), replaced)
    t.throws(() => client.assertSound(), replaced)
  })
}

for (const suffix of ['-wal', '-shm']) {
  t.test(`once ${suffix} is gone, which other processes find by its name, what is there is read and nothing is confirmed`, async t => {
    const path = join(t.testdir(), 'latchkey.sqlite')
    const { $client: client } = openFilled(t, path)
    rmSync(path + suffix)
    t.throws(() => client.prepare(insert).run('a'), { code: 'SQLITE_FILE_REPLACED', message: `${path}${suffix} was removed or replaced while it was in use: restart the service` })
    t.throws(() => client.assertSound(), { code: 'SQLITE_FILE_REPLACED' })
    t.equal(client.prepare('select count(*) from throttle').pluck().get(), 2_000)
    client.close()
    t.equal(open(t, path).$client.prepare('select count(*) from throttle').pluck().get(), 2_000, 'after a restart all of it is there')
  })
}

t.test('a file that is moved away and back is the same file', async t => {
  const path = join(t.testdir(), 'latchkey.sqlite')
  const { $client: client } = open(t, path)
  renameSync(path, `${path}.away`)
  t.throws(() => client.prepare(insert).run('a'), { code: 'SQLITE_FILE_REPLACED' })
  renameSync(`${path}.away`, path)
  t.equal(client.prepare(insert).run('a').changes, 1)
})

t.test('a link to the file is followed, and noticed when it leads elsewhere', async t => {
  const folder = t.testdir({ one: {}, two: {} })
  const path = join(folder, 'latchkey.sqlite')
  for (const name of ['one', 'two']) openSqlite(join(folder, name, 'real.sqlite')).$client.close()
  symlinkSync(join(folder, 'one', 'real.sqlite'), path)
  const { $client: client } = open(t, path)
  t.equal(client.prepare(insert).run('a').changes, 1)
  rmSync(path)
  symlinkSync(join(folder, 'two', 'real.sqlite'), path)
  t.throws(() => client.prepare(insert).run('b'), { code: 'SQLITE_FILE_REPLACED' })
})

t.test('VACUUM makes the file smaller, and nothing is wrong with that', async t => {
  const path = join(t.testdir(), 'latchkey.sqlite')
  const { $client: client } = openFilled(t, path)
  const operator = new Sqlite(path)
  operator.exec('delete from throttle; vacuum; pragma wal_checkpoint(truncate)')
  operator.close()
  t.ok(statSync(path).size < statSync(filled).size)
  t.equal(client.prepare(insert).run('a').changes, 1)
  t.doesNotThrow(() => client.assertSound())
})

t.test('who met a damaged page is not sound for five minutes, whatever else can be read', async t => {
  const path = join(t.testdir(), 'latchkey.sqlite')
  openFilled(t, path).$client.close()
  spoil(path, 'throttle')
  const clock = movableClock()
  const { $client: client } = open(t, path, clock.now)
  t.doesNotThrow(() => client.assertSound(), 'nobody has read it yet')
  t.throws(() => client.prepare('select * from throttle').all(), { code: /^SQLITE_CORRUPT/ })
  t.equal(client.prepare('select count(*) from users').pluck().get(), 0)
  clock.move(5 * MINUTE_MS - 1)
  t.throws(() => client.assertSound(), { code: 'SQLITE_CORRUPT' })
  clock.move(1)
  t.doesNotThrow(() => client.assertSound())
  clock.move(-60 * MINUTE_MS)
  t.doesNotThrow(() => client.assertSound(), 'nor for longer when the clock is set back meanwhile')
})

/** Overwrites the first page of a table. */
function spoil (path: string, table: string): void {
  const { $client: client } = openSqlite(path)
  const page = Number(client.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(table))
  client.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4_096, 7), 0, 4_096, (page - 1) * 4_096)
  closeSync(file)
}
