import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import t, { type Test } from 'tap'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { openSqlite, type SqliteDatabase } from '../../src/stores/sqlite/open-sqlite.ts'
import { takeLock } from '../../src/stores/sqlite/file-lock.ts'
import { openSessionStore } from '../../src/stores/open/open-session-store.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/session-store.ts'
import { spoiledRows } from './spoiled-rows.ts'
import { keptLog, movableClock, newHandle, newSession, sessionStoreContract, type Version1 } from '../contract/session-store.ts'

function newPath (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'latchkey.sqlite')
}

function newDatabase (t: Test, path = newPath(t)): SqliteDatabase {
  const sqlite = openSqlite(path)
  t.teardown(() => sqlite.$client.close())
  return sqlite
}

async function open (t: Test, sqlite = newDatabase(t)) {
  const clock = movableClock()
  const log = keptLog()
  const store = sqliteSessionStore(sqlite, { now: clock.now, log })
  t.teardown(() => store.close())
  const insert = sqlite.$client.prepare('insert into sessions values (?, ?, 1, ?, ?)')
  return {
    store,
    clock,
    log,
    sqlite,
    spoil: spoilers(sqlite),
    writeVersion1: async ({ handle, fields, expiresAt }: Version1) => insert.run(handle, fields.userId ?? null, JSON.stringify(fields), expiresAt),
    makeNewer: async (handle: string) => sqlite.$client.prepare('update sessions set version = 3 where handle = ?').run(handle)
  }
}

function spoilers (sqlite: SqliteDatabase) {
  const set = (assignment: string) => async (handle: string) => {
    sqlite.$client.prepare(`update sessions set ${assignment} where handle = ?`).run(handle)
  }
  return {
    ...spoiledRows(set),
    'fields of the type INTEGER': set('fields = 7'),
    'fields of the type BLOB': set("fields = x'00'"),
    'an expiry that is no number': set("expires_at = 'tomorrow'"),
    'absurdly large fields': set("fields = json_object('userId', 'ada', 'a', hex(zeroblob(1000000)))")
  }
}

sessionStoreContract('SQLite', open)

t.test('an update finds a record that is not ours, and says that there is none', async t => {
  const { store, clock, log, spoil } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  await spoil['fields that are not JSON'](session.handle)
  t.equal(await store.update(session.handle, { set: { a: 1 }, remove: [] }), false)
  t.match(log.lines, [{ handle: session.handle }])
})

t.test('a session without a user whose fields are no object is not ours', async t => {
  const { store, clock, log, spoil } = await open(t)
  for (const way of ['fields that are no object', 'fields that are null'] as const) {
    const session = newSession(clock, {}, null)
    await store.create(session)
    await spoil[way](session.handle)
    t.equal(await store.read(session.handle), null, way)
  }
  t.equal(log.lines.length, 2)
})

t.test('two processes share the sessions of one file', async t => {
  const path = newPath(t)
  const [one, other] = [await open(t, newDatabase(t, path)), await open(t, newDatabase(t, path))]
  const session = newSession(one.clock)
  await one.store.create(session)
  t.equal(await other.store.update(session.handle, { set: { a: 1 }, remove: [] }), true)
  t.strictSame((await one.store.read(session.handle))?.fields, { a: 1 })
})

t.test('while another process writes, sessions are read, and writing is unavailable within a second', async t => {
  const path = newPath(t)
  const { store, clock } = await open(t, newDatabase(t, path))
  const session = newSession(clock)
  await store.create(session)
  const other = new Sqlite(path)
  other.exec('begin immediate; delete from sessions')
  t.ok(await store.read(session.handle))
  const started = performance.now()
  await t.rejects(store.update(session.handle, { set: { a: 1 }, remove: [] }), { code: 'SESSIONS_UNAVAILABLE', statusCode: 503 })
  t.ok(performance.now() - started < 900)
  other.exec('rollback')
  other.close()
  t.equal(await store.update(session.handle, { set: { a: 1 }, remove: [] }), true)
})

t.test('an update waits for the writer before it, and never reads what is about to change', async t => {
  const { store, clock, sqlite } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const statements: string[] = []
  const traced = drizzle({ client: new Sqlite(sqlite.$client.name, { verbose: line => statements.push(String(line)) }) })
  t.teardown(() => traced.$client.close())
  const tracedStore = sqliteSessionStore(traced, { now: clock.now, log: keptLog() })
  await tracedStore.update(session.handle, { set: { a: 1 }, remove: [] })
  t.match(statements.map(line => line.split(' ')[0]), ['BEGIN', 'select', 'update', 'COMMIT'])
  t.equal(statements[0], 'BEGIN IMMEDIATE')
})

t.test('whatever is wrong with the database, the error is ours and has the cause attached', async t => {
  const breakages: Record<string, [(sqlite: SqliteDatabase) => void, RegExp]> = {
    closed: [sqlite => sqlite.$client.close(), /not open/],
    'no table': [sqlite => sqlite.$client.exec('drop table sessions'), /no such table/],
    'read-only': [sqlite => sqlite.$client.pragma('query_only = on'), /readonly/],
    'disk full': [sqlite => sqlite.$client.pragma('max_page_count = 1'), /full/]
  }
  for (const [name, [break_, cause]] of Object.entries(breakages)) {
    const { store, clock, sqlite } = await open(t)
    break_(sqlite)
    const large = newSession(clock, { a: 'x'.repeat(20_000) })
    const unavailable = { code: 'SESSIONS_UNAVAILABLE', message: /^Sessions cannot be read right now/, cause: { message: cause } }
    await t.rejects(store.create(large), unavailable, name)
  }
})

t.test('of a closed database every call is unavailable', async t => {
  const { store, clock, sqlite } = await open(t)
  sqlite.$client.close()
  const calls: Array<Promise<unknown>> = [
    store.create(newSession(clock)), store.read('x'), store.update('x', { set: {}, remove: [] }), store.revoke('x'),
    store.listOf('ada'), store.revokeOf('ada', 'x'), store.revokeAllOf('ada'), store.sweep(), store.ping()
  ]
  for (const call of calls) await t.rejects(call.then(() => {}), { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('sweeping removes all that has expired, in batches that leave room for requests', async t => {
  const { store, clock, sqlite } = await open(t)
  const insert = sqlite.$client.prepare("insert into sessions values (?, null, 1, '{}', ?)")
  for (let i = 0; i < 1001; i++) insert.run(newHandle(), clock.now())
  const living = newSession(clock)
  await store.create(living)
  let turns = 0
  let sweeping = true
  const count = () => {
    turns++
    if (sweeping) setImmediate(count)
  }
  setImmediate(count)
  t.equal(await store.sweep(), 1001)
  sweeping = false
  t.ok(turns >= 5, `${turns} turns of the event loop`)
  t.equal(sqlite.$client.prepare('select count(*) from sessions').pluck().get(), 1)
})

t.test('of two sweepers one sweeps', async t => {
  const { store, clock, sqlite } = await open(t)
  sqlite.$client.prepare("insert into sessions values (?, null, 1, '{}', ?)").run(newHandle(), clock.now())
  const release = takeLock(`${sqlite.$client.name}.sweep`, 0)
  t.equal(await store.sweep(), 0)
  release()
  t.equal(await store.sweep(), 1)
})

t.test('a sweep that cannot have its lock for another reason says so', async t => {
  const { store, sqlite } = await open(t)
  rmSync(dirname(sqlite.$client.name), { recursive: true })
  await t.rejects(store.sweep(), { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('every query of sessions uses an index', async t => {
  const { sqlite } = await open(t)
  const queries = new Set<string>()
  const logger = { logQuery: (query: string) => { queries.add(query) } }
  const clock = movableClock()
  const traced = sqliteSessionStore(drizzle({ client: sqlite.$client, logger }), { now: clock.now, log: keptLog() })
  const session = newSession(clock)
  await traced.create(session)
  await traced.update(session.handle, { set: { a: 1 }, remove: [], renewal: session })
  await traced.listOf('ada')
  await traced.revokeOf('ada', session.handle)
  await traced.revokeAllOf('ada', session.handle)
  await traced.revoke(session.handle)
  await traced.sweep()
  await traced.ping()
  t.equal(queries.size, 8)
  for (const query of queries) {
    const plan = sqlite.$client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0))
    const steps = (plan as Array<{ detail: string }>).map(({ detail }) => detail).join('; ')
    t.notMatch(steps, /SCAN/, query)
  }
})

t.test('without a Redis and without a database there is no store', async t => {
  await t.rejects(openSessionStore({ redisPrefix: '', now: Date.now, log: keptLog() }), TypeError)
})
