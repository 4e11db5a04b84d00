import t, { type Test } from 'tap'
import { openSessionStore } from '../../src/stores/open/open-session-store.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { startRedisCluster } from '../redis-cluster.ts'
import { clientOf } from '../redis-sentinels.ts'
import { startRedisServer } from '../redis-server.ts'

// A Redis that makes room by removing sessions logs people out. Whoever runs it is told.

const warning = 'Redis logs people out when its memory is full: set maxmemory-policy to noeviction'

async function open (t: Test, redisUrl: string) {
  const log = keptLog()
  const store = await openSessionStore({ redisUrl, redisPrefix: 'latchkey:', now: movableClock().now, log })
  t.teardown(() => store.close())
  return { store, log }
}

t.test('any policy but noeviction is warned of at the start', async t => {
  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-ttl']) {
    const server = await startRedisServer(t, '--maxmemory-policy', policy)
    t.strictSame((await open(t, server.url)).log.lines, [{ policy, message: warning }])
  }
  const server = await startRedisServer(t)
  t.strictSame((await open(t, server.url)).log.lines, [])
})

t.test('so is that of a server that is connected to later', async t => {
  const server = await startRedisServer(t)
  const { log } = await open(t, server.url)
  const operator = clientOf(t, server.port)
  await operator.config('SET', 'maxmemory-policy', 'allkeys-lru')
  await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  while (!log.lines.some(({ message }) => message === warning)) await new Promise(setImmediate)
  t.match(log.lines, [{ message: 'Redis does not answer' }, { message: 'Redis answers again' }, { policy: 'allkeys-lru' }])
})

t.test('and that of any master of a Cluster', async t => {
  const { nodes, url } = await startRedisCluster(t)
  await nodes[2]!.client.config('SET', 'maxmemory-policy', 'volatile-lru')
  t.strictSame((await open(t, url)).log.lines, [{ policy: 'volatile-lru', message: warning }])
})

t.test('a Redis that does not say works all the same', async t => {
  const server = await startRedisServer(t)
  const printed = t.capture(console, 'warn')
  await clientOf(t, server.port).acl('SETUSER', 'silent', 'on', '>a-password', '~*', '+@all', '-info')
  const { store, log } = await open(t, `redis://silent:a-password@127.0.0.1:${server.port}`)
  await t.resolves(store.ping())
  t.strictSame(log.lines, [])
  t.match(printed()[0]?.args[0], /Skipping the ready check/, 'ioredis says so')
})
