import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openSessionStore } from '../../src/stores/open/open-session-store.ts'
import { keptLog, movableClock, newHandle, newSession, sessionStoreContract, storedOf, type StoreUnderTest, type Version1 } from '../contract/session-store.ts'
import { DAY_MS } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'
import { keyOf, spoilIn } from './spoiled-sessions.ts'

const server = await startRedisServer(t)
const redis = new Redis(server.url)
t.teardown(() => redis.disconnect())

async function open (t: Test): Promise<StoreUnderTest> {
  await redis.flushall()
  const clock = movableClock()
  const log = keptLog()
  const store = await openSessionStore({ redisUrl: server.url, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  const writeVersion1 = async ({ handle, fields, expiresAt, endsAt }: Version1) => {
    const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]))
    await redis.hset(keyOf(handle), { v: `1:${handle.slice(0, 8)}:${endsAt.toString(36)}`, expiresAt, ...texts })
    await redis.pexpire(keyOf(handle), expiresAt - clock.now())
    if (typeof fields.userId === 'string') await redis.zadd(indexOf(fields.userId), endsAt, handle)
  }
  const makeNewer = (handle: string) => redis.hset(keyOf(handle), 'core', `3:${handle.slice(0, 8)}:{}`)
  return { store, clock, log, spoil: spoilIn(redis), writeVersion1, makeNewer }
}

const indexOf = (userId: string) => `latchkey:user-sessions:${userId}`

sessionStoreContract('Redis', open)

/** How often each command ran, those inside of scripts included. */
async function commandsOf (work: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config('RESETSTAT')
  await work()
  const stats = (await redis.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+)/g)
  const counted = Object.fromEntries([...stats].map(([, name, calls]) => [name, Number(calls)]))
  const { 'config|resetstat': _reset, info: _info, ...commands } = counted
  return commands
}

t.test('a session is a hash of its core, its client, its times and a field per key, beside a sorted set per user; both expire', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock, { cart: [['book', 1]] })
  const { handle, lastSeenAt, expiresAt, endsAt } = session
  await store.create(session)
  t.strictSame(await redis.hgetall(keyOf(handle)), {
    core: `2:${handle.slice(0, 8)}:ada:1:${lastSeenAt.toString(36)}::pwd.0`,
    client: '203.0.113.17 Firefox on Linux',
    seen: [lastSeenAt, expiresAt, endsAt].map(time => time.toString(36)).join(':'),
    cart: '[["book",1]]'
  })
  t.strictSame(await redis.zrange(indexOf('ada'), '0', '-1', 'WITHSCORES'), [handle, String(endsAt)])
  t.strictSame((await redis.keys('*')).sort(), [keyOf(handle), indexOf('ada')])
  t.ok(between(await redis.pttl(keyOf(handle)), expiresAt - clock.now()), 'the session until it expires')
  t.ok(between(await redis.pttl(indexOf('ada')), endsAt - clock.now()), 'the index until the session must end')
})

function between (ttl: number, expected: number): boolean {
  return ttl > expected - 5000 && ttl <= expected + 1
}

t.test('the index lasts as long as the session that ends last', async t => {
  const { store, clock } = await open(t)
  const long = newSession(clock)
  await store.create(long)
  await store.create({ ...newSession(clock), endsAt: long.expiresAt })
  t.ok(between(await redis.pttl(indexOf('ada')), long.endsAt - clock.now()))
})

t.test('reading is one command, HGETALL', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  t.strictSame(await commandsOf(() => store.read(session.handle)), { hgetall: 1 })
  t.strictSame(await commandsOf(() => store.read(newHandle())), { hgetall: 1 })
})

t.test('reading who is logged in is one command, HMGET of two', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  t.strictSame(await commandsOf(() => store.readCore(session.handle)), { hmget: 1 })
  t.strictSame(await commandsOf(() => store.readCore(newHandle())), { hmget: 1, hgetall: 1 })
})

t.test('what is not one of ours is removed as well when its fields are left out', async t => {
  const { store, clock, log } = await open(t)
  const plants = [
    (key: string) => redis.set(key, 'no hash'),
    (key: string) => redis.hset(key, { v: '0:elsewhere:1', expiresAt: String(clock.now() + 60_000), userId: '"ada"' })
  ]
  for (const plant of plants) {
    const handle = newHandle()
    await plant(keyOf(handle))
    t.equal(await store.readCore(handle), null)
    t.equal(await redis.exists(keyOf(handle)), 0)
    t.match(log.lines.at(-1), { handle, message: /not one of ours/ })
  }
})

t.test('what is asked at one moment travels together', async t => {
  const { store } = await open(t)
  const readsOfRedis = async () => Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await readsOfRedis()
  await Promise.all(Array.from({ length: 100 }, () => store.read(newHandle())))
  t.ok(await readsOfRedis() - before < 10)
})

t.test('an update is one command, a plain renewal as well', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const update = () => store.update(session.handle, { set: { a: 1 }, remove: ['b'], renewal: session })
  await update()
  const { evalsha, hmget, hset, hdel, pexpire, ...others } = await commandsOf(update)
  t.strictSame({ evalsha, hmget, hset, hdel, pexpire }, { evalsha: 1, hmget: 1, hset: 1, hdel: 1, pexpire: 1 })
  t.strictSame(others, {})
})

t.test('a renewal beyond the known end extends the index once, before the session', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const endsAt = session.endsAt + 1000
  const renewal = { lastSeenAt: clock.now(), expiresAt: endsAt, endsAt }
  const renew = () => store.update(session.handle, { set: { a: 1 }, remove: [], renewal })
  t.equal((await commandsOf(renew)).zadd, 1)
  t.equal((await commandsOf(renew)).zadd, undefined)
  t.equal(await redis.zscore(indexOf('ada'), session.handle), String(endsAt))
  t.ok(between(await redis.pttl(indexOf('ada')), endsAt - clock.now()))
  t.ok(between(await redis.pttl(keyOf(session.handle)), endsAt - clock.now()))
  t.strictSame(await store.read(session.handle), { ...storedOf(session), fields: { a: 1 }, expiresAt: endsAt })
})

t.test('a list drops from the index what is gone', async t => {
  const { store, clock } = await open(t)
  const [gone, living] = [newSession(clock), newSession(clock)]
  const hers = newSession(clock, {}, 'eve')
  for (const session of [gone, living, hers]) await store.create(session)
  await redis.del(keyOf(gone.handle))
  await redis.zadd(indexOf('ada'), String(hers.endsAt), hers.handle)
  t.same((await store.listOf('ada')).map(({ handle }) => handle), [living.handle])
  t.strictSame(await redis.zrange(indexOf('ada'), '0', '-1'), [living.handle])
  await store.revoke(living.handle)
  t.equal(await redis.exists(indexOf('ada')), 0)
  t.ok(await store.read(hers.handle))
})

/** A store whose Redis lets it touch only some keys. */
async function openLimited (t: Test, keys: string, { clock, log }: StoreUnderTest) {
  await redis.acl('SETUSER', 'limited', 'reset', 'on', '>pass-phrase', `~${keys}`, '+@all')
  t.teardown(() => redis.acl('DELUSER', 'limited'))
  const redisUrl = `redis://limited:pass-phrase@127.0.0.1:${server.port}`
  const store = await openSessionStore({ redisUrl, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  return store
}

t.test('a session on its way is not dropped from the index by a list or a revocation just then', async t => {
  const under = await open(t)
  const stopsHalfway = await openLimited(t, 'latchkey:user-sessions:*', under)
  const session = newSession(under.clock)
  await t.rejects(stopsHalfway.create(session), { code: 'SESSIONS_UNAVAILABLE' })
  t.strictSame(await under.store.listOf('ada'), [])
  t.equal(await under.store.revokeAllOf('ada'), 0)
  t.strictSame(await redis.zrange(indexOf('ada'), '0', '-1'), [session.handle])
})

t.test('a session that has ended before it begins leaves nothing behind', async t => {
  const { store, clock } = await open(t)
  const past = clock.now() - 1
  await store.create({ ...newSession(clock), expiresAt: past, endsAt: past })
  t.equal(await redis.dbsize(), 0)
})

t.test('an update finds no session in a record of another version, or copied from another handle', async t => {
  const { store, clock } = await open(t)
  for (const way of ['a record of an older version', 'a copy of another session'] as const) {
    const session = newSession(clock)
    await store.create(session)
    await spoilIn(redis)[way](session.handle)
    t.equal(await store.update(session.handle, { set: { b: 1 }, remove: [] }), false, way)
    t.equal(await redis.hexists(keyOf(session.handle), 'b'), 0)
  }
})

t.test('a list drops from the index what was on its way, did not come, and would have ended more than a day ago', async t => {
  const { store, clock } = await open(t)
  const [old, recent] = [newSession(clock), newSession(clock)]
  const hoursAgo = (hours: number) => String(clock.now() - hours * 60 * 60_000 + 0.5)
  await redis.zadd(indexOf('ada'), hoursAgo(25), old.handle, hoursAgo(23), recent.handle)
  const session = newSession(clock)
  await store.create(session)
  t.match(await store.listOf('ada'), [{ handle: session.handle }])
  t.strictSame(await redis.zrange(indexOf('ada'), '0', '-1'), [recent.handle, session.handle])
})

t.test('the index lasts as long as each of its sessions, also when a login came by a clock that was wrong', async t => {
  const { store, clock } = await open(t)
  const long = { ...newSession(clock), endsAt: clock.now() + 30 * DAY_MS }
  await store.create(long)
  for (const wrongBy of [29, 60]) {
    clock.move(wrongBy * DAY_MS)
    await store.create(newSession(clock))
    clock.move(-wrongBy * DAY_MS)
    t.ok(between(await redis.pttl(indexOf('ada')), long.endsAt - clock.now()), `${wrongBy} days ahead`)
  }
})

t.test('an index of another type is replaced', async t => {
  const { store, clock } = await open(t)
  await redis.set(indexOf('ada'), 'x')
  t.strictSame(await store.listOf('ada'), [])
  await redis.set(indexOf('ada'), 'x')
  await store.create(newSession(clock))
  t.equal((await store.listOf('ada')).length, 1)
})

t.test('scripts that Redis has forgotten are sent again', async t => {
  const { store, clock } = await open(t)
  await store.create(newSession(clock))
  await redis.script('FLUSH')
  await t.resolves(store.create(newSession(clock)))
})

t.test('prefixes keep services apart', async t => {
  const { store, clock, log } = await open(t)
  const other = await openSessionStore({ redisUrl: server.url, redisPrefix: 'other:', now: clock.now, log })
  t.teardown(() => other.close())
  const session = newSession(clock)
  await store.create(session)
  t.equal(await other.read(session.handle), null)
  t.strictSame(await other.listOf('ada'), [])
})

t.test('what Redis refuses is unavailable, and the error keeps what the command held to itself', async t => {
  const { store, clock } = await open(t)
  await redis.config('SET', 'maxmemory', '1')
  const error = await store.create(newSession(clock)).catch(error => error)
  await redis.config('SET', 'maxmemory', '0')
  t.match(error, { code: 'SESSIONS_UNAVAILABLE', statusCode: 503, message: /^Sessions cannot be read/, cause: { message: /OOM/ } })
  t.notMatch(JSON.stringify({ ...error.cause }), /203\.0\.113\.17/)
})

t.test('a session takes at most 560 bytes, its place in the index included', async t => {
  const { store, clock } = await open(t)
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
  const create = () => store.create(newSession(clock, {}, newHandle().slice(0, 22)))
  await create()
  const before = await usedMemory()
  for (let batch = 0; batch < 150; batch++) await Promise.all(Array.from({ length: 100 }, create))
  const bytes = (await usedMemory() - before) / 15_000
  t.ok(bytes <= 560, `${bytes} bytes`)
})

t.test('no session is created outside of its index', async t => {
  const under = await open(t)
  const store = await openLimited(t, 'latchkey:session:*', under)
  await t.rejects(store.create(newSession(under.clock)), { code: 'SESSIONS_UNAVAILABLE', cause: { message: /NOPERM/ } })
  t.equal(await redis.dbsize(), 0)
  t.equal(store.description, `Redis at 127.0.0.1:${server.port}`, 'without the password')
})

t.test('the store runs only commands whose cost is that of one user', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  const ran = await commandsOf(async () => {
    for (const each of [session, newSession(clock), newSession(clock)]) await store.create(each)
    await store.read(session.handle)
    await store.update(session.handle, { set: { a: 1 }, remove: ['b'], renewal: session })
    await store.listOf('ada')
    await store.revokeOf('ada', session.handle)
    await store.revoke(session.handle)
    await store.revokeAllOf('ada')
    await store.sweep()
    await store.ping()
  })
  t.strictSame(Object.keys(ran).filter(name => !/^eval(sha)?$/.test(name)).sort(), [
    'del', 'exists', 'hdel', 'hgetall', 'hmget', 'hset', 'pexpire', 'ping', 'pttl', 'type',
    'zadd', 'zrange', 'zrem'
  ])
})

t.test('sessions are counted beyond what one command goes through, and nothing else is', async t => {
  const { store } = await open(t)
  const pipeline = redis.pipeline()
  for (let number = 0; number < 2500; number++) pipeline.set(keyOf(`handle-${number}`), 'x').set(`of-others:${number}`, 'x')
  await pipeline.exec()
  t.equal(await store.count(), 2500)
})
