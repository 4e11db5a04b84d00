import t, { type Test } from 'tap'
import { redisSettings } from '../../every-store.ts'
import { grace, openService } from '../../helper.ts'
import { startRedisServer } from '../../redis-server.ts'

t.test('a Redis that is down when the service starts: pages for visitors, 503 for logins, recovery without a restart', async t => {
  const redis = await startRedisServer(t)
  await redis.stop()
  const { browser } = await openService(t, redisSettings(redis.url))
  for (const path of ['/', '/about', '/contact', '/login', '/signup']) {
    t.match(await browser().get(path), { status: 200, setCookies: [] }, path)
  }
  t.match(await browser().signUp(), { status: 503, headers: { 'retry-after': '5' }, setCookies: [] })
  t.match((await browser().get('/health/ready')).json(), { status: 'unavailable', failing: ['sessions'] })

  await redis.start()
  await untilReady(t, browser())
  t.equal((await browser().signUp()).status, 303, 'no account was made without a session')
})

t.test('a Redis that goes down, or freezes, logs nobody out', async t => {
  const redis = await startRedisServer(t, '--save', '', '--appendonly', 'yes')
  const { browser, log } = await openService(t, { ...redisSettings(redis.url), ANSWERS_FROM_MEMORY: 'off' })
  const laptop = browser()
  await laptop.signUp()
  for (const [out, back] of [[redis.stop, redis.start], [redis.freeze, redis.thaw]] as const) {
    await out()
    const page = await laptop.get('/dashboard')
    t.match(page, { status: 503, headers: { 'retry-after': '5' }, setCookies: [], body: /does not work right now/ })
    t.equal((await laptop.get('/session', { accept: 'application/json' })).json<{ code: string }>().code, 'SESSIONS_UNAVAILABLE')
    t.match(await laptop.logOut(), { status: 503, setCookies: [] }, 'a logout that could not be done says so')
    t.equal((await browser().get('/login')).status, 200, 'visitors have their pages')
    await back()
    await untilReady(t, browser())
    t.ok(await laptop.isLoggedIn())
  }
  t.notOk(log.some(line => JSON.stringify(line).includes(grace.password)))
})

t.test('answers come within a second while Redis is frozen', async t => {
  const redis = await startRedisServer(t)
  const { browser } = await openService(t, redisSettings(redis.url))
  const laptop = browser()
  await laptop.signUp()
  redis.freeze()
  const started = performance.now()
  const answers = await Promise.all(Array.from({ length: 50 }, () => laptop.get('/dashboard')))
  t.ok(answers.every(({ status }) => status === 503))
  t.comment(`50 answers in ${Math.round(performance.now() - started)} ms`)
  redis.thaw()
})

t.test('a page view of a logged-in user costs Redis one command, a visitor none', async t => {
  const redis = await startRedisServer(t)
  const { browser } = await openService(t, redisSettings(redis.url))
  const laptop = browser()
  await laptop.signUp()
  const { Redis } = await import('ioredis')
  const observer = new Redis(redis.url)
  t.teardown(() => observer.disconnect())
  const during = async (work: () => Promise<unknown>) => {
    await observer.config('RESETSTAT')
    await work()
    const stats = [...(await observer.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
    return Object.fromEntries(stats.map(([, name, calls]) => [name, Number(calls)]).filter(([name]) => !/^config|^info|^ping/.test(String(name))))
  }
  t.strictSame(await during(() => laptop.get('/dashboard')), { hgetall: 1 })
  t.strictSame(await during(() => browser().get('/login')), {})
  t.strictSame(await during(() => browser().get('/assets/pico.css')), {})
  t.strictSame(await during(() => laptop.get('/health/live')), {})
})

async function untilReady (t: Test, visitor: { get (path: string): Promise<{ status: number }> }) {
  const deadline = performance.now() + 2000
  while ((await visitor.get('/health/ready')).status !== 200) {
    if (performance.now() > deadline) return t.fail('not ready within two seconds')
  }
}
