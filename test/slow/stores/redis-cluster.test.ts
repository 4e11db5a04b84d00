import { setTimeout as after } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import t, { type Test } from 'tap'
import { openRedis } from '../../../src/stores/redis/open-redis.ts'
import { openSessionStore } from '../../../src/stores/open/open-session-store.ts'
import { keptLog, movableClock, newSession, sessionStoreContract, type StoreUnderTest } from '../../contract/session-store.ts'
import { grace, openService } from '../../helper.ts'
import { startRedisCluster } from '../../redis-cluster.ts'
import { keyOf, spoilIn } from '../../stores/spoiled-sessions.ts'

const cluster = await startRedisCluster(t)
const redis = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
redis.on('error', () => {})
t.teardown(() => redis.disconnect())

async function open (t: Test): Promise<StoreUnderTest> {
  await Promise.all(cluster.nodes.map(({ client }) => client.flushall()))
  const clock = movableClock()
  const log = keptLog()
  const store = await openSessionStore({ redisUrl: cluster.url, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  return { store, clock, log, spoil: spoilIn(redis) }
}

sessionStoreContract('Redis Cluster', open)

t.test('sessions lie on every node, and a user of all of them is listed', async t => {
  const { store, clock } = await open(t)
  t.equal(store.description, 'a Redis Cluster')
  const sessions = Array.from({ length: 30 }, () => newSession(clock))
  for (const session of sessions) await store.create(session)
  for (const { client } of cluster.nodes) t.ok(await client.dbsize() > 0)
  t.equal((await store.listOf('ada')).length, 30)
  t.equal(await store.revokeAllOf('ada'), 30)
})

/** Where the session's slot is, and where it can go. */
async function slotOf ({ handle }: { handle: string }) {
  const slot = await cluster.nodes[0]!.client.cluster('KEYSLOT', keyOf(handle))
  for (const from of cluster.nodes) {
    if (await from.client.exists(keyOf(handle)).catch(() => 0) === 0) continue
    const to = cluster.nodes.find(node => node !== from)!
    const [fromId, toId] = await Promise.all([from, to].map(async ({ client }) => await client.cluster('MYID') as string))
    return { slot, from, to, fromId: fromId!, toId: toId! }
  }
  throw new Error('It is nowhere')
}

t.test('a slot that moves takes its sessions along, while they are read and written', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const { slot, from, to, fromId, toId } = await slotOf(session)
  const write = async (turn: number) => t.equal(await store.update(session.handle, { set: { turn }, remove: [], renewal: session }), true, `turn ${turn}`)
  await write(1)
  await to.client.cluster('SETSLOT', slot, 'IMPORTING', fromId)
  await from.client.cluster('SETSLOT', slot, 'MIGRATING', toId)
  await write(2)
  await from.client.migrate('127.0.0.1', to.port, keyOf(session.handle), 0, 1000)
  await write(3)
  for (const { client } of [to, from]) await client.cluster('SETSLOT', slot, 'NODE', toId)
  await write(4)
  t.match(await store.read(session.handle), { core: { login: { userId: 'ada' } }, fields: { turn: 4 } })
  t.equal(await to.client.exists(keyOf(session.handle)), 1)
})

t.test('nobody notices a slot that moves while many sessions are read and written at once', async t => {
  const { store, clock } = await open(t)
  const sessions = Array.from({ length: 30 }, () => newSession(clock))
  for (const session of sessions) await store.create(session)
  const everyone = () => Promise.all(sessions.flatMap(({ handle, ...renewal }) => [store.read(handle), store.update(handle, { set: { a: 1 }, remove: [], renewal })]))
  const moving = sessions[0]!
  const { slot, from, to, fromId, toId } = await slotOf(moving)
  const steps = [
    async () => {},
    async () => {
      await to.client.cluster('SETSLOT', slot, 'IMPORTING', fromId)
      await from.client.cluster('SETSLOT', slot, 'MIGRATING', toId)
    },
    async () => await from.client.migrate('127.0.0.1', to.port, keyOf(moving.handle), 0, 1000),
    async () => { for (const { client } of [to, from]) await client.cluster('SETSLOT', slot, 'NODE', toId) }
  ]
  for (const step of steps) {
    await step()
    for (let turn = 0; turn < 3; turn++) t.ok((await everyone()).every(Boolean))
  }
})

t.test('people log in, guess, and are revoked, with everything in a Cluster', async t => {
  const { app, browser } = await openService(t, { REDIS_URL: cluster.url, SESSION_SECRET: 'a secret that all machines share' })
  const [laptop, phone] = [browser(), browser()]
  await laptop.signUp()
  t.equal((await phone.logIn()).status, 303)
  t.equal((await laptop.submit('/account/devices/revoke-others')).status, 303)
  t.strictSame([await laptop.isLoggedIn(), await phone.isLoggedIn()], [true, false])
  for (let guess = 1; guess <= 5; guess++) await browser().logIn({ email: grace.email, password: 'not the password at all' })
  t.equal((await browser().logIn()).status, 429)
  const client = app.redis!
  await Promise.all(Array.from({ length: 30 }, (_, at) => client.set(`latchkey:throttle:guesses:${at}`, 100)))
  t.equal(await app.rateLimits.sweep(), 30, 'what earlier releases have left is removed from each node')
})

t.test('a node that dies takes its sessions out of reach, not the others, and comes back', async t => {
  const { store, clock } = await open(t)
  const sessions = Array.from({ length: 12 }, () => newSession(clock))
  for (const session of sessions) await store.create(session)
  const [, , lost] = cluster.nodes
  await lost!.kill()
  const answers = await Promise.allSettled(sessions.map(({ handle }) => store.read(handle)))
  const [failed, read] = ['rejected', 'fulfilled'].map(status => answers.filter(answer => answer.status === status))
  t.ok(failed!.length > 0 && read!.length > 0, `${failed!.length} of ${sessions.length} out of reach`)
  for (const answer of failed!) t.match(answer, { reason: { code: 'SESSIONS_UNAVAILABLE' } })
  for (const answer of read!) t.not((answer as PromiseFulfilledResult<unknown>).value, null, 'nobody is told that there is no such session')

  await lost!.start()
  for (const { handle } of sessions) while (!await store.read(handle).then(() => true, () => false)) await after(100)
  await Promise.all(sessions.map(() => store.create(newSession(clock))))
})

t.test('all nodes go down, and come back', async t => {
  const { store, clock } = await open(t)
  await store.create(newSession(clock))
  await Promise.all(cluster.nodes.map(node => node.kill()))
  for (let asked = 0; asked < 20; asked++) {
    await t.rejects(store.read(newSession(clock).handle), { code: 'SESSIONS_UNAVAILABLE' })
    await after(100)
  }
  await Promise.all(cluster.nodes.map(node => node.start()))
  const sessions = Array.from({ length: 12 }, () => newSession(clock))
  for (const session of sessions) while (!await store.create(session).then(() => true, () => false)) await after(100)
  for (const { handle } of sessions) t.ok(await store.read(handle))
})

t.test('slots that nobody serves are an outage until somebody does', async t => {
  const { store, clock } = await open(t)
  const session = newSession(clock)
  await store.create(session)
  const { slot, from } = await slotOf(session)
  for (const { client } of cluster.nodes) await client.cluster('DELSLOTS', slot)
  while (await store.read(session.handle).then(() => true, () => false)) await after(100)
  await t.rejects(store.read(session.handle), { code: 'SESSIONS_UNAVAILABLE', cause: { message: /CLUSTERDOWN/ } })
  await from.client.cluster('ADDSLOTS', slot)
  while (!await store.read(session.handle).then(session => session, () => null)) await after(100)
})

t.test('when a master dies its replica takes over, also for many who ask at once', async t => {
  const { store, clock } = await open(t)
  await cluster.addReplica(cluster.nodes[1]!)
  const sessions = Array.from({ length: 30 }, () => newSession(clock))
  for (const session of sessions) await store.create(session)
  await cluster.nodes[1]!.kill()
  const read = () => Promise.all(sessions.map(({ handle }) => store.read(handle).then(session => session ? 'read' : 'gone', () => 'failed')))
  while ((await read()).includes('failed')) await after(50)
  t.ok((await read()).every(outcome => outcome === 'read'))
})

t.test('a client that was given up starts over', async t => {
  const { client, close } = await openRedis({ url: cluster.url, log: keptLog() })
  t.teardown(close)
  client.disconnect()
  while (!await client.ping().then(() => true, () => false)) await after(50)
})
