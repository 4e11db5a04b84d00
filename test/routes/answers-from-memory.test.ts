import { setTimeout as after } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { redisSettings } from '../every-store.ts'
import { startFakeSentinel } from '../fake-sentinel.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { type Browser, grace, MINUTE_MS, openService, type Service, type Settings } from '../helper.ts'
import { type RedisServer, startRedisServer } from '../redis-server.ts'

// Who asks again and again is answered without the stores, and yet a session that ended opens nothing.

const proxied = { TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: 'http://login.example.com' }

const check = (browser: Browser) => browser.get('/authz/nginx', { 'x-original-url': 'http://login.example.com/' })

async function startRedis (t: Test) {
  const redis = await startRedisServer(t)
  const observer = new Redis(redis.url)
  t.teardown(() => observer.disconnect())
  const reads = async (work: () => Promise<unknown>) => {
    await observer.config('RESETSTAT')
    await work()
    const calls = [...(await observer.info('commandstats')).matchAll(/cmdstat_(?:hgetall|hmget):calls=(\d+)/g)]
    return calls.reduce((sum, [, count]) => sum + Number(count), 0)
  }
  return { redis, observer, reads }
}

async function openListening (t: Test, { url }: Pick<RedisServer, 'url'>, settings: Settings = {}, more = {}) {
  const service = await openService(t, { ...redisSettings(url), ...proxied, ...settings }, more)
  const laptop = service.browser()
  await laptop.signUp()
  return { service, laptop }
}

/** Resolves when the service hears of changes, as many times over as services there are. */
async function untilHeard (observer: Redis, services = 1) {
  await until(async () => Number((await observer.pubsub('NUMSUB', '__redis__:invalidate'))[1]) === services)
}

/** What never happens is for the test's own time limit. */
async function until (happens: () => Promise<boolean> | boolean) {
  while (!await happens()) await after(5)
}

t.test('who asks again is known without asking Redis', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const { laptop } = await openListening(t, redis)
  await untilHeard(observer)
  t.equal(await reads(async () => { for (let asked = 0; asked < 20; asked++) t.equal((await check(laptop)).status, 200) }), 1)
  t.equal(await reads(async () => { for (let asked = 0; asked < 20; asked++) t.ok(await laptop.isLoggedIn()) }), 0)
  t.equal(await reads(() => laptop.get('/dashboard')), 1, 'a page is of now')
})

t.test('one setting turns it off', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const { laptop } = await openListening(t, redis, { ANSWERS_FROM_MEMORY: 'off' })
  await untilHeard(observer, 0)
  t.equal(await reads(async () => { for (let asked = 0; asked < 5; asked++) t.equal((await check(laptop)).status, 200) }), 5)
})

t.test('whose session is ended elsewhere does not pass any more', async t => {
  const { redis, observer } = await startRedis(t)
  const settings = { ...redisSettings(redis.url), ...proxied }
  const here = await openService(t, settings)
  const there = await openService(t, settings, { folder: here.folder })
  await untilHeard(observer, 2)
  await here.browser().signUp()
  const ends: Record<string, (browser: Browser, other: Browser) => Promise<unknown>> = {
    'logged out': browser => browser.logOut(),
    revoked: async (_browser, other) => await other.submit('/account/devices/revoke-others'),
    'password changed': async (_browser, other) => await other.submit('/account/password', { current_password: grace.password, new_password: grace.password }),
    deleted: async (_browser, other) => await other.submit('/account/delete', { current_password: grace.password })
  }
  for (const [what, end] of Object.entries(ends)) {
    const [laptop, other] = [here.browser(), here.browser()]
    await laptop.logIn()
    await other.logIn()
    const laptopThere = there.browser()
    laptopThere.cookies.set('session', laptop.cookies.get('session')!)
    for (const browser of [laptop, laptopThere]) t.equal((await check(browser)).status, 200)
    await end(laptop, other)
    // Without being told it would be let in for two seconds.
    const ended = performance.now()
    for (const browser of [laptop, laptopThere]) await until(async () => (await check(browser)).status === 401)
    t.ok(performance.now() - ended < 1_500, what)
  }
})

t.test('a session that is renewed is told as it is now', async t => {
  const { redis, observer } = await startRedis(t)
  const { laptop, service: { time } } = await openListening(t, redis)
  await untilHeard(observer)
  const expiry = async () => Date.parse((await laptop.get('/session')).json<{ session: { expiresAt: string } }>().session.expiresAt)
  const first = await expiry()
  time.pass(MINUTE_MS)
  t.equal(await expiry(), first + MINUTE_MS)
  t.equal(await expiry(), first + MINUTE_MS)
  time.pass(60 * MINUTE_MS)
  t.notOk(await laptop.isLoggedIn(), 'and ends by itself')
})

t.test('a new name is told after two seconds at the latest', async t => {
  const { redis, observer } = await startRedis(t)
  const { laptop } = await openListening(t, redis)
  await untilHeard(observer)
  t.equal((await check(laptop)).headers['remote-name'], 'Grace Hopper')
  await laptop.submit('/account/profile', { first_name: 'Amazing', last_name: 'Grace' })
  await until(async () => (await check(laptop)).headers['remote-name'] === 'Amazing Grace')
})

t.test('when everything in Redis is gone nobody passes', async t => {
  const { redis, observer } = await startRedis(t)
  const { laptop } = await openListening(t, redis)
  await untilHeard(observer)
  t.equal((await check(laptop)).status, 200)
  await observer.flushall()
  const flushed = performance.now()
  await until(async () => (await check(laptop)).status === 401)
  t.ok(performance.now() - flushed < 1_500, 'without being told it would be let in for two seconds')
})

t.test('while nobody tells of changes every answer is read from Redis', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const { laptop, service } = await openListening(t, redis)
  await untilHeard(observer)
  t.equal((await check(laptop)).status, 200)
  await observer.acl('SETUSER', 'default', '-subscribe')
  await observer.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await untilLogged(service)
  t.equal(await reads(async () => { for (let asked = 0; asked < 5; asked++) t.equal((await check(laptop)).status, 200) }), 5)
  await observer.acl('SETUSER', 'default', '+subscribe')
  await observer.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await untilHeard(observer)
  await until(async () => (await check(laptop)).status === 200)
  t.equal(await reads(async () => { for (let asked = 0; asked < 5; asked++) t.equal((await check(laptop)).status, 200) }), 0, 'and then from memory again')
})

async function untilLogged ({ log }: Service) {
  await until(() => log.some(({ msg }) => String(msg).startsWith('Redis does not push which sessions change')))
}

t.test('a connection that dies without a word is made anew', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { laptop } = await openListening(t, proxy)
  await untilHeard(observer)
  t.equal(proxy.connections, 2)
  proxy.mute(2)
  await until(() => proxy.connections === 3)
  // Redis does not know yet that nobody is at the other end of the first.
  await untilHeard(observer, 2)
  await until(async () => await reads(() => check(laptop)) === 0)
})

t.test('once the store has to connect anew nothing is kept that the connection from before would have to tell', async t => {
  const { redis, observer } = await startRedis(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { laptop, service } = await openListening(t, proxy)
  await untilHeard(observer)
  t.equal((await check(laptop)).status, 200)
  proxy.mute(2)
  await observer.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await until(async () => (await service.browser().get('/health/ready')).status === 200)
  t.equal((await check(laptop)).status, 200)
  const cookie = `session=${laptop.cookies.get('session')}`
  await laptop.logOut()
  t.equal((await service.browser({ headers: { cookie } }).get('/session')).status, 401)
})

t.test('a connection that is being made while the store has to connect anew is made once more: it may lead to the server that was left', async t => {
  const { redis, observer } = await startRedis(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { service: { app } } = await openListening(t, proxy)
  await untilHeard(observer)
  proxy.delay(300)
  await observer.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await until(() => proxy.connections === 3)
  ;(app.redis as Redis).disconnect(true)
  await until(() => proxy.connections === 5)
  await untilHeard(observer)
})

t.test('while it takes long to be told of changes every answer is read', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { laptop } = await openListening(t, proxy)
  await untilHeard(observer)
  await until(async () => await reads(() => check(laptop)) === 0)
  // A PING that was sent so long ago proves nothing of now.
  proxy.delay(600)
  await until(async () => await reads(() => check(laptop)) === 1)
  t.equal(await reads(() => check(laptop)), 1)
  proxy.delay(0)
  await until(async () => await reads(() => check(laptop)) === 0)
})

t.test('nothing is kept while changes are told by another server than the one that sessions are in', async t => {
  const { redis, observer, reads } = await startRedis(t)
  const [other, sentinel] = await Promise.all([startRedisServer(t), startFakeSentinel(t)])
  sentinel.names(redis.port)
  const { laptop, service } = await openListening(t, { url: `redis+sentinel://127.0.0.1:${sentinel.port}/latchkey` })
  await untilHeard(observer)
  await until(async () => await reads(() => check(laptop)) === 0)
  sentinel.names(other.port)
  await observer.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await untilLogged(service)
  t.equal(await reads(async () => { for (let asked = 0; asked < 5; asked++) t.equal((await check(laptop)).status, 200) }), 5)
  sentinel.names(redis.port)
  await until(async () => await reads(() => check(laptop)) === 0)
  t.ok(service.log.some(({ msg }) => msg === 'answers come from memory again'))
})

t.test('a Redis that freezes is noticed: then nobody can know', async t => {
  const { redis, observer } = await startRedis(t)
  const { laptop } = await openListening(t, redis)
  await untilHeard(observer)
  t.equal((await check(laptop)).status, 200)
  redis.freeze()
  await until(async () => (await check(laptop)).status === 503)
  redis.thaw()
  await until(async () => (await check(laptop)).status === 200)
})

t.test('a stop lets go of the connection', async t => {
  const { redis, observer } = await startRedis(t)
  const { service } = await openListening(t, redis)
  await untilHeard(observer)
  await service.app.close()
  await untilHeard(observer, 0)
})
