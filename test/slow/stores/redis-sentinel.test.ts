import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
import { openSessionStore } from '../../../src/stores/open/open-session-store.ts'
import type { SessionStore } from '../../../src/sessions/session-store.ts'
import { keptLog, movableClock, newSession } from '../../contract/session-store.ts'
import { freePort } from '../../free-port.ts'
import { clientOf, startRedisWithSentinels } from '../../redis-sentinels.ts'
import { startRedisServer } from '../../redis-server.ts'

const clock = movableClock()

async function open (redisUrl: string) {
  const log = keptLog()
  const store = await openSessionStore({ redisUrl, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  return { store, log }
}

async function untilAnswering (store: SessionStore): Promise<void> {
  while (!await store.create(newSession(clock)).then(() => true, () => false)) await after(50)
}

t.test('when the master dies the sentinels name another, and the sessions go on there', async t => {
  const redis = await startRedisWithSentinels(t)
  const { store } = await open(redis.url)
  t.equal(store.description, 'Redis, at the master that its sentinels call latchkey')
  const [kept, revoked] = [newSession(clock), newSession(clock)]
  for (const session of [kept, revoked]) await store.create(session)
  await store.revoke(revoked.handle)

  await redis.master.kill()
  await t.rejects(store.read(kept.handle), { code: 'SESSIONS_UNAVAILABLE' })
  await redis.failedOver()
  await untilAnswering(store)
  t.match(await store.read(kept.handle), { fields: kept.fields })
  t.equal(await store.read(revoked.handle), null)
})

t.test('sentinels that are all away keep nobody waiting', async t => {
  const { store, log } = await open(`redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}/latchkey`)
  await t.rejects(store.read(newSession(clock).handle), { code: 'SESSIONS_UNAVAILABLE' })
  await t.rejects(store.ping(), { code: 'SESSIONS_UNAVAILABLE' })
  t.match(log.lines, [{ message: 'Redis does not answer' }])
})

t.test('a server that became a replica is left for the one that its address now leads to', async t => {
  const server = await startRedisServer(t)
  const { store } = await open(server.url)
  const session = newSession(clock)
  await store.create(session)
  const operator = clientOf(t, server.port)
  const connections = async () => Number(/total_connections_received:(\d+)/.exec(await operator.info('stats'))?.[1])
  await operator.replicaof('127.0.0.1', await freePort())
  const before = await connections()
  while (await connections() === before) {
    await t.rejects(store.create(newSession(clock)), { code: 'SESSIONS_UNAVAILABLE' })
    await after(500)
  }
  await operator.replicaof('NO', 'ONE')
  await untilAnswering(store)
  t.match(await store.read(session.handle), { fields: session.fields })
})
