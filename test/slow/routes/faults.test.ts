import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { redisSettings } from '../../every-store.ts'
import { startFaultProxy, type FaultProxy } from '../../fault-proxy.ts'
import { openService, type Browser, type Service } from '../../helper.ts'
import { startRedisServer, type RedisServer } from '../../redis-server.ts'

const PARALLEL = 30

interface Scene extends Service {
  redis: RedisServer
  admin: Redis
  proxy: FaultProxy
  laptop: Browser
}

/** A logged-in laptop, a service whose way to Redis can fail, and a way to Redis that does not. */
async function scene (t: Test, ...redisArguments: string[]): Promise<Scene> {
  const redis = await startRedisServer(t, ...redisArguments)
  const proxy = await startFaultProxy(t, redis.port)
  const service = await openService(t, redisSettings(proxy.url))
  const admin = new Redis(redis.url, { enableReadyCheck: false })
  admin.on('error', () => {})
  t.teardown(() => admin.disconnect())
  const laptop = service.browser()
  await laptop.signUp()
  return { ...service, redis, admin, proxy, laptop }
}

/** What every outage has to look like from outside, and that it is over within two seconds. */
async function isOutage (t: Test, { browser, laptop }: Scene, end: () => unknown) {
  const started = performance.now()
  const answers = await Promise.all(Array.from({ length: PARALLEL }, () => laptop.get('/dashboard')))
  t.ok(performance.now() - started < 1500, 'answers come within a second, give or take a busy machine')
  t.ok(answers.every(({ status, setCookies }) => status === 503 && setCookies.length === 0), 'all say 503 and leave the cookie alone')
  t.match(await laptop.logOut(), { status: 503, setCookies: [] }, 'a logout that could not be done says so')
  t.equal((await browser().get('/')).status, 200, 'visitors have their pages')
  await end()
  await recovers(t, browser())
  t.ok(await laptop.isLoggedIn(), 'nobody was logged out')
}

async function recovers (t: Test, visitor: Browser) {
  const deadline = performance.now() + 2000
  while ((await visitor.get('/health/ready')).status !== 200) {
    if (performance.now() > deadline) return t.fail('not back within two seconds')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

for (const fault of ['silent', 'lost', 'cut'] as const) {
  t.test(`a way to Redis that is ${fault} is an outage, and ends by itself`, async t => {
    const it = await scene(t)
    it.proxy.set(fault)
    await isOutage(t, it, () => it.proxy.set('none'))
  })
}

t.test('a Redis that pauses its clients is an outage', async t => {
  const it = await scene(t)
  await it.admin.client('PAUSE', 4_000)
  // It pauses everybody, so nobody can end it early.
  await isOutage(t, it, () => it.admin.ping())
})

t.test('a Redis that loads its data after a restart is an outage, and its sessions are still there', async t => {
  const it = await scene(t, '--save', '3600 1', '--key-load-delay', '10000', '--loading-process-events-interval-bytes', '1024')
  await it.admin.eval("for i = 1, 100 do redis.call('SET', 'filler:' .. i, string.rep('x', 1024)) end", 0)
  await it.redis.stop()
  const loaded = it.redis.start()
  await until(t, async () => (await it.admin.info('persistence').catch(() => '')).includes('loading:1'))
  t.match(await it.laptop.get('/dashboard'), { status: 503, setCookies: [] })
  await loaded
  await recovers(t, it.browser())
  t.ok(await it.laptop.isLoggedIn())
})

t.test('a read-only Redis shows pages, and says of a login and a logout that they could not be done', async t => {
  const it = await scene(t)
  await it.admin.replicaof('127.0.0.1', '1')
  t.equal((await it.laptop.get('/dashboard')).status, 200)
  t.match(await it.laptop.logOut(), { status: 503, setCookies: [] })
  t.match(await it.browser().logIn(), { status: 503, setCookies: [] })
  t.equal((await it.browser().get('/')).status, 200)
  await it.admin.replicaof('NO', 'ONE')
  t.ok(await it.laptop.isLoggedIn())
  t.equal((await it.laptop.logOut()).status, 303)
})

t.test('a Redis out of memory begins no session, and ends those that are to end', async t => {
  const it = await scene(t)
  await it.admin.config('SET', 'maxmemory', '1')
  t.match(await it.browser().logIn(), { status: 503, setCookies: [] })
  t.match(await it.laptop.logIn(), { status: 503, setCookies: [] })
  t.equal((await it.laptop.get('/dashboard')).status, 200, 'a new login that failed did not end the old session')
  t.equal((await it.laptop.logOut()).status, 303)
  await it.admin.config('SET', 'maxmemory', '0')
  t.equal((await it.browser().logIn()).status, 303)
})

t.test('a Redis user without permission is an outage', async t => {
  const it = await scene(t)
  await it.admin.call('ACL', 'SETUSER', 'default', '-hgetall')
  t.match(await it.laptop.get('/dashboard'), { status: 503, setCookies: [] })
  await it.admin.call('ACL', 'SETUSER', 'default', '+@all')
  t.ok(await it.laptop.isLoggedIn())
})

t.test('a slow Redis is slow, and nothing else', async t => {
  const it = await scene(t)
  it.proxy.delay(200)
  t.equal((await it.laptop.get('/dashboard')).status, 200)
  t.equal((await it.laptop.get('/about')).status, 200)
})

t.test('a login whose answer from Redis was lost is not made twice', async t => {
  const it = await scene(t)
  const sessionsOf = async () => (await it.admin.keys('*:session:*')).length
  const before = await sessionsOf()
  it.proxy.set('silent')
  t.equal((await it.browser().logIn()).status, 503)
  it.proxy.set('none')
  await recovers(t, it.browser())
  t.ok(await sessionsOf() <= before + 1)
  t.equal((await it.browser().logIn()).status, 303)
})

t.test('nothing piles up behind a Redis that is gone', async t => {
  const it = await scene(t)
  it.proxy.set('cut')
  for (let wave = 0; wave < 5; wave++) {
    const answers = await Promise.all(Array.from({ length: 200 }, () => it.laptop.get('/dashboard')))
    t.ok(answers.every(({ status }) => status === 503))
  }
  await it.admin.config('RESETSTAT')
  it.proxy.set('none')
  await recovers(t, it.browser())
  const calls = Number(/cmdstat_hgetall:calls=(\d+)/.exec(await it.admin.info('commandstats'))?.[1] ?? 0)
  t.equal(calls, 0, 'no request of the outage is sent after it')
})

async function until (t: Test, holds: () => Promise<boolean>) {
  const deadline = performance.now() + 5000
  while (!await holds()) {
    if (performance.now() > deadline) return t.fail('did not happen')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
