import { setTimeout as after } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openRedis } from '../../../src/stores/redis/open-redis.ts'
import { keptLog } from '../../contract/session-store.ts'
import { startFakeSentinel } from '../../fake-sentinel.ts'
import { startFaultProxy } from '../../fault-proxy.ts'
import { freePort } from '../../free-port.ts'
import { clientOf } from '../../redis-sentinels.ts'
import { startRedisServer } from '../../redis-server.ts'

// Whatever state a connection to Redis is in when something breaks, it comes back without a restart.

async function open (t: Test, url: string) {
  const log = keptLog()
  const { client, close } = await openRedis({ url, log })
  t.teardown(close)
  const states: string[] = []
  for (const state of ['connecting', 'connect', 'ready', 'close', 'reconnecting', 'end']) client.on(state, () => states.push(state))
  return { redis: client as Redis, close, log, states }
}

/** What never happens is for the test's own time limit. */
async function until (happens: () => Promise<boolean> | boolean) {
  while (!await happens()) await after(5)
}

const answers = (redis: Redis | Cluster) => redis.ping().then(() => true, () => false)
const isAt = (redis: Redis, port: number) => async () => await answers(redis) && redis.stream.remotePort === port

/** Two servers that each believe themselves the master, and what the sentinels say of them. */
async function startTwo (t: Test) {
  const [old, next, sentinel] = await Promise.all([startRedisServer(t), startRedisServer(t), startFakeSentinel(t)])
  sentinel.names(old.port)
  return { old, next, sentinel, url: `redis+sentinel://127.0.0.1:${sentinel.port}/latchkey` }
}

t.test('a failover announced while the sentinels are being asked for the old master', async t => {
  const { old, next, sentinel, url } = await startTwo(t)
  const { redis, states } = await open(t, url)
  await until(() => sentinel.subscribers === 1)
  sentinel.holds()
  const asked = sentinel.asked
  redis.disconnect(true)
  await until(() => sentinel.asked > asked)
  sentinel.names(next.port)
  sentinel.announces(next.port)
  sentinel.goesOn()
  await until(isAt(redis, next.port))
  t.ok(states.includes('end'), 'ioredis gave up')
  t.not(redis.stream.remotePort, old.port)
})

t.test('a failover announced during the handshake with the old master', async t => {
  const { old, next, sentinel, url } = await startTwo(t)
  const proxy = await startFaultProxy(t, old.port)
  sentinel.names(proxy.port)
  const { redis, states } = await open(t, url)
  await until(() => sentinel.subscribers === 1)
  proxy.delay(300)
  redis.disconnect(true)
  await until(() => redis.status === 'connect')
  sentinel.names(next.port)
  sentinel.announces(next.port)
  await until(isAt(redis, next.port))
  t.equal(states.filter(state => state === 'ready').length, 1, 'it was never ready at the old one again')
})

t.test('what is known already, or about another master of the same sentinels, interrupts nothing', async t => {
  const { old, next, sentinel, url } = await startTwo(t)
  const { redis, states } = await open(t, url)
  await until(() => sentinel.subscribers === 1)
  sentinel.announces(old.port)
  sentinel.announces(next.port, 'another-master')
  sentinel.names(next.port)
  sentinel.announces(next.port)
  await until(isAt(redis, next.port))
  t.equal(states.filter(state => state === 'connecting').length, 1, 'only the third did')
})

t.test('a sentinel that is away is not missed, and not printed, and heard when it is back', async t => {
  const printed = t.capture(console, 'error')
  const { old, next, sentinel } = await startTwo(t)
  const second = await startFakeSentinel(t)
  second.names(old.port)
  await second.stop()
  const { redis, log } = await open(t, `redis+sentinel://127.0.0.1:${second.port},127.0.0.1:${sentinel.port}/latchkey`)
  t.ok(await answers(redis))
  await second.start()
  await until(() => second.subscribers === 1)
  await sentinel.stop()
  second.names(next.port)
  second.announces(next.port)
  await until(isAt(redis, next.port))
  t.strictSame(printed(), [])
  t.match(log.lines, [{ message: 'Redis does not answer' }, { message: 'Redis answers again' }])
})

t.test('all sentinels go away: the master goes on being used, and is found again when they are back', async t => {
  const { old, sentinel, url } = await startTwo(t)
  const { redis } = await open(t, url)
  await sentinel.stop()
  t.ok(await answers(redis))
  let rounds = 0
  redis.on('error', () => rounds++)
  redis.disconnect(true)
  await until(() => rounds > 2)
  t.notOk(await answers(redis))
  await sentinel.start()
  await until(isAt(redis, old.port))
})

t.test('sentinels that know of no master yet are asked again', async t => {
  const { old, sentinel, url } = await startTwo(t)
  sentinel.names(null)
  const { redis, log } = await open(t, url)
  t.match(log.lines, [{ reason: 'All sentinels are unreachable' }])
  sentinel.names(old.port)
  await until(isAt(redis, old.port))
})

t.test('a master that was demoted is left at once', async t => {
  const { old, next, sentinel, url } = await startTwo(t)
  const { redis } = await open(t, url)
  await clientOf(t, old.port).replicaof('127.0.0.1', next.port)
  sentinel.names(next.port)
  await until(async () => await redis.set('x', 1).then(() => true, () => false))
  t.equal(redis.stream.remotePort, next.port)
})

t.test('a sentinel that names a replica as the master is asked until it names one', async t => {
  const { old, next, sentinel, url } = await startTwo(t)
  await clientOf(t, old.port).replicaof('127.0.0.1', next.port)
  const { redis, states } = await open(t, url)
  t.notOk(await answers(redis))
  sentinel.names(next.port)
  await until(isAt(redis, next.port))
  t.equal(states.filter(state => state === 'ready').length, 1)
})

t.test('a client that was given up while it waited to reconnect starts over', async t => {
  const server = await startRedisServer(t)
  const { redis } = await open(t, server.url)
  await server.stop()
  await until(() => redis.status === 'reconnecting')
  // ioredis cancels its next attempt, and says nothing of it.
  redis.disconnect()
  await server.start()
  await until(() => answers(redis))
})

t.test('a client that was given up while it was connected starts over', async t => {
  const server = await startRedisServer(t)
  const { redis, states } = await open(t, server.url)
  redis.disconnect()
  await until(() => states.includes('end'))
  await until(() => answers(redis))
})

t.test('a wrong password that becomes the right one', async t => {
  const server = await startRedisServer(t, '--requirepass', 'the old one')
  const { redis, log } = await open(t, `redis://:the%20new%20one@127.0.0.1:${server.port}`)
  t.match(log.lines, [{ reason: 'WRONGPASS' }])
  const { redis: operator } = await open(t, `redis://:the%20old%20one@127.0.0.1:${server.port}`)
  await operator.config('SET', 'requirepass', 'the new one')
  await until(() => answers(redis))
})

t.test('a user who is deleted and made again', async t => {
  const server = await startRedisServer(t)
  const operator = clientOf(t, server.port)
  const makeUser = () => operator.acl('SETUSER', 'latchkey', 'on', '>a-password', '~*', '+@all')
  await makeUser()
  const { redis } = await open(t, `redis://latchkey:a-password@127.0.0.1:${server.port}`)
  await operator.acl('DELUSER', 'latchkey')
  await until(async () => !await answers(redis))
  await makeUser()
  await until(() => answers(redis))
})

t.test('a name that leads nowhere is looked up again and again', async t => {
  const { log, states } = await open(t, 'redis://redis.invalid:6379')
  t.match(log.lines, [{ reason: /^(ENOTFOUND|EAI_AGAIN|ETIMEDOUT)$/ }])
  await until(() => states.filter(state => state === 'connecting').length > 2)
})

t.test('a server that loads its data is waited for', async t => {
  const server = await startRedisServer(t, '--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024')
  const { redis, states } = await open(t, server.url)
  const pipeline = redis.pipeline()
  for (let key = 0; key < 2_000; key++) pipeline.set(`key-${key}`, 'x'.repeat(100))
  await pipeline.exec()
  await redis.save()
  await server.kill()
  const started = server.start()
  await until(() => states.includes('connect'))
  t.notOk(await answers(redis))
  await started
  await until(() => answers(redis))
  t.equal(await redis.dbsize(), 2_000)
})

t.test('a replica that lost its master is left for the server that its address now leads to', async t => {
  const server = await startRedisServer(t, '--replica-serve-stale-data', 'no', '--replicaof', '127.0.0.1', String(await freePort()))
  const { redis, states } = await open(t, server.url)
  await until(async () => {
    await t.rejects(redis.get('x'), { message: /^MASTERDOWN/ })
    await after(200)
    return states.includes('ready')
  })
})

t.test('a connection that died silently while nobody asked for anything is found before somebody does', async t => {
  const server = await startRedisServer(t)
  const proxy = await startFaultProxy(t, server.port)
  const { redis } = await open(t, proxy.url)
  t.ok(await answers(redis))
  proxy.mute(1)
  await until(() => proxy.connections === 2)
  await until(() => answers(redis))
})

t.test('a server that starts again knows no scripts, and is sent them', async t => {
  const server = await startRedisServer(t)
  const { redis } = await open(t, server.url)
  redis.defineCommand('answer', { numberOfKeys: 1, lua: 'return KEYS[1]' })
  const ask = () => (redis as Redis & { answer (key: string): Promise<string> }).answer('x')
  t.equal(await ask(), 'x')
  await server.kill()
  await server.start()
  await until(() => answers(redis))
  t.equal(await ask(), 'x')
})
