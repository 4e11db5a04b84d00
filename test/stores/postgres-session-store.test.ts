import t, { type Test } from 'tap'
import type { PostgresDatabase } from '../../src/stores/postgres/open-postgres.ts'
import { inTransaction } from '../../src/stores/postgres/transaction.ts'
import { postgresSessionStore } from '../../src/stores/postgres/session-store.ts'
import { keptLog, movableClock, newSession, sessionStoreContract, type Version1 } from '../contract/session-store.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { connected, plansOf, postgresForEach } from './new-postgres.ts'
import { spoiledRows } from './spoiled-rows.ts'

const postgres = await postgresForEach(t)

async function open (t: Test, url = postgres.url) {
  const database = await postgres.open(t, url)
  const clock = movableClock()
  const log = keptLog()
  const store = postgresSessionStore(database, { now: clock.now, log })
  t.teardown(() => store.close())
  const { $client: pool } = database
  return {
    store,
    clock,
    log,
    database,
    spoil: spoilers(database),
    writeVersion1: async ({ handle, fields, expiresAt }: Version1) => await pool.query('insert into sessions values ($1, $2, 1, $3, $4)', [handle, fields.userId ?? null, JSON.stringify(fields), expiresAt]),
    makeNewer: async (handle: string) => await pool.query('update sessions set version = 3 where handle = $1', [handle])
  }
}

function spoilers ({ $client: pool }: PostgresDatabase) {
  const set = (assignment: string) => async (handle: string) => {
    await pool.query(`update sessions set ${assignment} where handle = $1`, [handle])
  }
  return {
    ...spoiledRows(set),
    'an expiry beyond all numbers': set('expires_at = 9223372036854775807'),
    'absurdly large fields': set("fields = json_build_object('userId', 'ada', 'a', repeat('x', 2000000))")
  }
}

sessionStoreContract('PostgreSQL', open)

t.test('an update finds a record that is not ours, and says that there is none', async t => {
  const { store, clock, log, spoil } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  await spoil['fields that are not JSON'](session.handle)
  t.equal(await store.update(session.handle, { set: { a: 1 }, remove: [] }), false)
  t.match(log.lines, [{ handle: session.handle }])
  await t.resolves(store.create(session), 'it is removed')
})

t.test('the log is told where sessions live, without a user or a password', async t => {
  t.equal((await open(t)).store.description, `PostgreSQL at ${new URL(postgres.url).host}${new URL(postgres.url).pathname}`)
})

t.test('an update waits for the one before it; one that waits too long is unavailable, and is not made later', async t => {
  const { store, clock, database } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const change = store.update(session.handle, { set: { a: 1 }, remove: [] })
  await inTransaction(database, async transaction => {
    await change
    await transaction.execute("update sessions set fields = jsonb_set(fields::jsonb, '{fields}', '{\"b\":1}')::text")
    await t.rejects(store.update(session.handle, { set: { c: 1 }, remove: [] }), { code: 'SESSIONS_UNAVAILABLE', cause: { cause: { code: '57014' } } })
    t.strictSame((await store.read(session.handle))?.fields, { a: 1 }, 'whoever reads does not wait')
  })
  t.strictSame((await store.read(session.handle))?.fields, { b: 1 })
})

t.test('a way that is slow for calls of several queries still gets an answer within a second', async t => {
  const proxied = new URL(postgres.url)
  const proxy = await startFaultProxy(t, Number(proxied.port))
  proxied.port = new URL(proxy.url).port
  const { store, clock } = await open(t, proxied.href)
  const session = newSession(clock)
  await store.create(session)
  proxy.delay(300)
  t.ok(await store.read(session.handle))
  await t.rejects(store.update(session.handle, { set: { a: 1 }, remove: [] }), { code: 'SESSIONS_UNAVAILABLE', cause: { message: /950 ms/ } })
})

t.test('whatever is wrong with the database, the error is ours and has the cause attached', async t => {
  const database = new URL(postgres.url).pathname.slice(1)
  const breakages: Record<string, [string, string, { code: string }]> = {
    'no table': ['alter table sessions rename to elsewhere', 'alter table elsewhere rename to sessions', { code: '42P01' }],
    'read-only': [`alter database ${database} set default_transaction_read_only = on`, `set default_transaction_read_only = off; alter database ${database} reset default_transaction_read_only`, { code: '25006' }]
  }
  const { clock, database: admin } = await open(t)
  for (const [name, [breaks, mends, cause]] of Object.entries(breakages)) {
    const client = await admin.$client.connect()
    await client.query(breaks)
    const store = postgresSessionStore(connected(t, postgres.url), { now: clock.now, log: keptLog() })
    const error = await store.create(newSession(clock)).catch(error => error)
    t.match(error, { code: 'SESSIONS_UNAVAILABLE', message: /^Sessions cannot be read right now/, cause: Error }, name)
    t.match(error.cause.cause, cause, name)
    await client.query(mends)
    client.release()
    await t.resolves(store.create(newSession(clock)), `${name}, and it goes on by itself`)
  }
})

t.test('of a closed database every call is unavailable', async t => {
  const { store, clock, database } = await open(t)
  await database.$client.end()
  const calls: Array<Promise<unknown>> = [
    store.create(newSession(clock)), store.read('x'), store.update('x', { set: {}, remove: [] }), store.revoke('x'),
    store.listOf('ada'), store.revokeOf('ada', 'x'), store.revokeAllOf('ada'), store.sweep(), store.ping()
  ]
  for (const call of calls) await t.rejects(call.then(() => {}), { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('sweeping removes all that has expired, in batches', async t => {
  const { store, clock, database } = await open(t)
  await database.execute(`insert into sessions select 'h' || n, null, 1, '{}', ${clock.now()} from generate_series(1, 2001) n`)
  await store.create(newSession(clock))
  const progress: number[] = []
  t.equal(await store.sweep(removed => progress.push(removed)), 2001)
  t.equal(progress[0], 10)
  t.equal(progress.at(-1), 2001)
  t.equal((await store.listOf('ada')).length, 1)
})

t.test('a sweep goes past what another process is at', async t => {
  const { store, clock, database } = await open(t)
  await database.execute(`insert into sessions select 'h' || n, null, 1, '{}', ${clock.now()} from generate_series(1, 2) n`)
  await inTransaction(database, async transaction => {
    await transaction.execute("select 1 from sessions where handle = 'h1' for update")
    t.equal(await store.sweep(), 1)
  })
  t.equal(await store.sweep(), 1)
})

t.test('every query of sessions uses an index', async t => {
  const { store, clock, database } = await open(t)
  const session = newSession(clock)
  const plans = await plansOf(t, database, async () => {
    await store.create(session)
    await store.read(session.handle)
    await store.update(session.handle, { set: { a: 1 }, remove: [], renewal: session })
    await store.listOf('ada')
    await store.revokeOf('ada', session.handle)
    await store.revokeAllOf('ada', session.handle)
    await store.revoke(session.handle)
    await store.sweep()
    await store.ping()
  })
  t.equal(plans.length, 10)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})
