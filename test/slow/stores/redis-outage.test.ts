import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openRedis } from '../../../src/stores/redis/open-redis.ts'
import { openSessionStore } from '../../../src/stores/open/open-session-store.ts'
import type { SessionStore } from '../../../src/sessions/session-store.ts'
import { FORM_BUDGET_MS, withBudget } from '../../../src/async/time-budget.ts'
import { keptLog, movableClock, newSession } from '../../contract/session-store.ts'
import { freePort } from '../../free-port.ts'
import { startRedisServer } from '../../redis-server.ts'

const SECOND_MS = 1000
const clock = movableClock()

async function open (t: Test, redisUrl: string) {
  const log = keptLog()
  const store = await openSessionStore({ redisUrl, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  return { store, log }
}

const everyCall: Record<string, (store: SessionStore) => Promise<unknown>> = {
  create: store => store.create(newSession(clock)),
  read: store => store.read('x'),
  update: store => store.update('x', { set: {}, remove: [] }),
  revoke: store => store.revoke('x'),
  listOf: store => store.listOf('ada'),
  revokeOf: store => store.revokeOf('ada', 'x'),
  revokeAllOf: store => store.revokeAllOf('ada'),
  ping: store => store.ping()
}

async function unavailableWithinASecond (t: Test, store: SessionStore): Promise<void> {
  await Promise.all(Object.entries(everyCall).map(async ([name, call]) => {
    const started = performance.now()
    await t.rejects(call(store).then(() => {}), { code: 'SESSIONS_UNAVAILABLE', statusCode: 503 }, name)
    const took = performance.now() - started
    t.ok(took < SECOND_MS + 100, `${name} within a second: ${Math.round(took)} ms`)
  }))
}

async function answersWithinTwoSeconds (t: Test, store: SessionStore): Promise<void> {
  const started = performance.now()
  while (!await store.ping().then(() => true, () => false)) await pause(10)
  const took = performance.now() - started
  t.ok(took < 2 * SECOND_MS, `answers again after ${Math.round(took)} ms`)
}

t.test('while Redis is stopped every call is unavailable; started again, it answers', async t => {
  const server = await startRedisServer(t)
  const { store, log } = await open(t, server.url)
  await t.resolves(store.create(newSession(clock)))
  await server.stop()
  await unavailableWithinASecond(t, store)
  await unavailableWithinASecond(t, store)
  await server.start()
  await answersWithinTwoSeconds(t, store)
  await t.resolves(store.create(newSession(clock)))
  t.match(log.lines, [{ reason: 'disconnected', message: 'Redis does not answer' }, { message: 'Redis answers again' }])
  t.equal(log.lines.length, 2, 'one line for each change')
})

t.test('while Redis is frozen every call is unavailable within a second, whenever it comes', async t => {
  const server = await startRedisServer(t)
  const { store, log } = await open(t, server.url)
  const session = newSession(clock)
  await store.create(session)
  server.freeze()
  const calls: Array<Promise<void>> = []
  for (let at = 0; at < 12; at++) {
    calls.push(unavailableWithinASecond(t, store))
    await pause(200)
  }
  await Promise.all(calls)
  server.thaw()
  await answersWithinTwoSeconds(t, store)
  t.ok(await store.read(session.handle))
  t.equal(log.lines[0]?.reason, 'timeout')
  t.match(log.lines, [{ message: 'Redis does not answer' }, { message: 'Redis answers again' }])
  t.equal(log.lines.length, 2, 'one line for each change')
})

t.test('a service starts without Redis, and finds it later', async t => {
  const server = await startRedisServer(t)
  await server.stop()
  const { store, log } = await open(t, server.url)
  await unavailableWithinASecond(t, store)
  const started = performance.now()
  for (let call = 0; call < 10; call++) await t.rejects(store.ping())
  t.ok(performance.now() - started < 500, 'calls fail at once, instead of waiting for a connection')
  await server.start()
  await answersWithinTwoSeconds(t, store)
  t.match(log.lines, [{ reason: 'ECONNREFUSED' }, { message: 'Redis answers again' }])
  t.equal(log.lines.length, 2)
})

t.test('a Redis that is far away is waited for when somebody logs in; a page waits for a second', async t => {
  const server = await startRedisServer(t)
  const { store } = await open(t, await slowDown(t, server.port, 400))
  const session = newSession(clock)
  await t.resolves(withBudget(FORM_BUDGET_MS, () => store.create(session)))
  const renewal = { ...session, endsAt: session.endsAt + 1 }
  const started = performance.now()
  await t.rejects(store.update(session.handle, { set: {}, remove: [], renewal }), { code: 'SESSIONS_UNAVAILABLE', cause: { message: /950 ms/ } })
  t.ok(performance.now() - started < SECOND_MS + 100)
  t.equal(await withBudget(FORM_BUDGET_MS, () => store.revokeAllOf('ada')), 1)
})

t.test('so does a read that finds what is not ours, and removes it', async t => {
  const server = await startRedisServer(t)
  const { store } = await open(t, await slowDown(t, server.port, 600))
  const client = new Redis(server.url)
  t.teardown(() => client.disconnect())
  await client.set('latchkey:session:spoiled', 'x')
  const started = performance.now()
  await t.rejects(store.read('spoiled'), { code: 'SESSIONS_UNAVAILABLE', cause: { message: /150 ms/ } })
  t.ok(performance.now() - started < SECOND_MS + 100)
})

t.test('an answer that trickles in is not waited for', async t => {
  const server = await startRedisServer(t)
  let trickles = false
  const { port } = await proxy(t, server.port, async (client, data) => {
    for (const byte of trickles ? data : []) {
      client.write(Buffer.of(byte))
      await pause(300)
    }
    if (!trickles) client.write(data)
  })
  const { client: redis, close } = await openRedis({ url: `redis://127.0.0.1:${port}`, log: keptLog() })
  t.teardown(close)
  t.equal(await redis.ping(), 'PONG')
  trickles = true
  const started = performance.now()
  await t.rejects(redis.ping(), { message: 'Command timed out' })
  t.ok(performance.now() - started < SECOND_MS)
})

t.test('a server that accepts a connection and says nothing is given up within a second', async t => {
  const port = await silentServer(t)
  for (const protocol of ['redis', 'rediss']) {
    const started = performance.now()
    const { store } = await open(t, `${protocol}://127.0.0.1:${port}`)
    await unavailableWithinASecond(t, store)
    t.ok(performance.now() - started < 2 * SECOND_MS, protocol)
  }
})

async function silentServer (t: Test): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer(socket => { sockets.push(socket) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

t.test('however long an outage lasts, the next attempt is less than a second away', async t => {
  const { client: redis, close } = await openRedis({ url: `redis://127.0.0.1:${await freePort()}`, log: keptLog() })
  t.teardown(close)
  for (const attempt of [1, 10, 10_000]) t.ok(Number((redis as Redis).options.retryStrategy?.(attempt)) < SECOND_MS)
})

t.test('a connection that died unnoticed is replaced', async t => {
  const server = await startRedisServer(t)
  const { port, sockets } = await proxy(t, server.port, (client, data) => { client.write(data) })
  const { store } = await open(t, `redis://127.0.0.1:${port}`)
  await t.resolves(store.ping())
  const session = newSession(clock)
  for (const socket of sockets) socket.removeAllListeners('data')
  await t.rejects(store.create(session), { code: 'SESSIONS_UNAVAILABLE' })
  await answersWithinTwoSeconds(t, store)
  t.equal(await store.read(session.handle), null, 'and what was lost with it is not sent again')
  t.strictSame(await keysOf(t, server.url), [])
})

async function keysOf (t: Test, url: string): Promise<string[]> {
  const redis = new Redis(url)
  t.teardown(() => redis.disconnect())
  return redis.keys('*')
}

/** The address of a server whose answers come late. */
async function slowDown (t: Test, redisPort: number, milliseconds: number): Promise<string> {
  const { port } = await proxy(t, redisPort, (client, data) => { setTimeout(() => client.write(data), milliseconds) })
  return `redis://127.0.0.1:${port}`
}

/** Hands on what clients say, and leaves the answers to the test. */
async function proxy (t: Test, redisPort: number, answer: (client: Socket, data: Buffer) => unknown) {
  const sockets: Socket[] = []
  const server = createServer(client => {
    const redis = connect(redisPort, '127.0.0.1')
    sockets.push(client, redis)
    client.on('data', data => redis.write(data))
    redis.on('data', data => answer(client, data))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

t.test('a wrong password is logged as such, without the password', async t => {
  const server = await startRedisServer(t, '--requirepass', 'the-right-one')
  const { store, log } = await open(t, `redis://:not-to-be-seen@127.0.0.1:${server.port}`)
  const error = await store.ping().catch(error => error)
  t.strictSame(log.lines, [{ reason: 'WRONGPASS', message: 'Redis does not answer' }])
  const shown = JSON.stringify([log.lines, store.description, { ...error }, { ...error.cause }, error.cause.message])
  t.notMatch(shown, /not-to-be-seen/)
  const { store: allowed } = await open(t, `redis://:the-right-one@127.0.0.1:${server.port}`)
  await t.resolves(allowed.ping())
})

t.test('a store is closed during an outage as well', async t => {
  const server = await startRedisServer(t)
  const { store, log } = await open(t, server.url)
  await server.stop()
  await t.rejects(store.ping())
  await t.resolves(store.close())
  await server.start()
  await t.rejects(store.ping(), { code: 'SESSIONS_UNAVAILABLE' })
  t.notMatch(log.lines, [{}, {}])
})

t.test('a closed store has let go of its connection', async t => {
  const server = await startRedisServer(t)
  const { store } = await open(t, server.url)
  await store.ping()
  await store.close()
  await unavailableWithinASecond(t, store)
  const other = new Redis(server.url)
  t.teardown(() => other.disconnect())
  t.match(await other.info('clients'), /connected_clients:1\r/)
})

t.test('where nobody listens, opening a store takes no longer than a second or two', async t => {
  const started = performance.now()
  await open(t, `redis://127.0.0.1:${await freePort()}`)
  t.ok(performance.now() - started < 2 * SECOND_MS)
})
