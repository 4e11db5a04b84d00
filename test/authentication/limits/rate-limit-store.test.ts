import { Redis } from 'ioredis'
import t from 'tap'
import { inTransaction } from '../../../src/stores/postgres/transaction.ts'
import { loginAttempts } from '../../../src/authentication/limits/login-attempts.ts'
import { postgresRateLimitStore } from '../../../src/stores/postgres/rate-limit-store.ts'
import type { Counter } from '../../../src/authentication/limits/rate-limit-store.ts'
import { redisRateLimitStore } from '../../../src/stores/redis/rate-limit-store.ts'
import { signUpLimit } from '../../../src/authentication/limits/sign-up-limit.ts'
import { openCounters, sqliteRateLimitStore } from '../../../src/stores/sqlite/rate-limit-store.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, MovableClock } from '../../helper.ts'
import { newRedisDatabase } from '../../redis-server.ts'
import { plansOf, postgresForEach } from '../../stores/new-postgres.ts'
import { onEveryRateLimitStore } from './every-rate-limit-store.ts'

const postgres = await postgresForEach(t)

await onEveryRateLimitStore(t, async (t, open) => {
  t.test('of two that have read the same one writes', async t => {
    const { store, clock } = await open(t)
    const failures = (count: number) => ({ count, expiresAt: clock.now() + count * MINUTE_MS })
    t.equal(await store.readFailures('x'), null)
    t.ok(await store.replaceFailures('x', null, failures(1)))
    t.notOk(await store.replaceFailures('x', null, failures(1)), 'that there was nothing is compared too')
    t.notOk(await store.replaceFailures('x', failures(2), failures(3)))
    t.notOk(await store.replaceFailures('x', { ...failures(1), expiresAt: 1 }, failures(2)))
    t.ok(await store.replaceFailures('x', failures(1), failures(2)))
    t.strictSame(await store.readFailures('x'), failures(2))
    t.notOk(await store.replaceFailures('x', failures(1), null))
    t.ok(await store.replaceFailures('x', failures(2), null))
    t.equal(await store.readFailures('x'), null)
  })

  t.test('counters are read and added to together, each on its own', async t => {
    const { store, clock } = await open(t)
    const [a, b, c] = ['b', 'a', 'c'].map(key => ({ key, expiresAt: clock.now() + MINUTE_MS })) as [Counter, Counter, Counter]
    t.strictSame(await store.readCounts([a, b]), [0, 0])
    t.strictSame(await store.addToCounts([a, b], 1), [1, 1])
    t.strictSame(await store.addToCounts([b], 1), [2])
    t.strictSame(await store.addToCounts([c, b, a], -1), [-1, 1, 0])
    t.strictSame(await store.readCounts([b, a, c]), [1, 0, -1])
  })

  t.test('parallel additions all count, in whatever order they name the counters', async t => {
    const { store, clock } = await open(t)
    const counters = ['a', 'b', 'c'].map(key => ({ key, expiresAt: clock.now() + MINUTE_MS }))
    await Promise.all(Array.from({ length: 20 }, (_, at) => store.addToCounts(at % 2 ? counters : counters.toReversed(), 1)))
    t.strictSame(await store.readCounts(counters), [20, 20, 20])
  })

  t.test('each counter says when it may be removed', async t => {
    const { store, clock, content } = await open(t)
    const expiresAt = clock.now() + MINUTE_MS
    await store.addToCounts([{ key: 'a', expiresAt }], 1)
    await store.replaceFailures('x', null, { count: 1, expiresAt })
    for (const line of await content()) t.ok(Math.abs(Number(/\d{13}(?!.*\d{13})/.exec(line)) - expiresAt) < 5_000, line)
  })

  t.test('one address may offer sixty emails in a quarter of an hour, a /48 four times as many', async t => {
    const { store, clock, content } = await open(t)
    const limit = signUpLimit(store, clock.now)
    const offer = async (count: number, address: (n: number) => string) => {
      let admitted = 0
      for (let at = 0; at < count; at++) if (await limit.consume(address(at)) === 0) admitted++
      return admitted
    }
    t.equal(await offer(65, () => '2001:db8:1:1::1'), 60)
    t.equal(await offer(65, n => `2001:db8:1:1${(n % 16).toString(16)}::1`), 60, 'the /56')
    t.equal(await offer(125, n => `2001:db8:1:${(n % 15 + 1).toString(16)}000::1`), 120, 'the /48')
    const before = await content()
    t.equal(await limit.consume('2001:db8:1:1::1'), 900_000 - clock.now() % 900_000)
    t.strictSame(await content(), before, 'a refusal writes nothing')
    t.equal(await limit.consume('2001:db8:2::1'), 0)
  })

  t.test('when nobody can count, nobody signs up', async t => {
    const { store, clock, break: breakStore } = await open(t)
    await breakStore()
    await t.rejects(signUpLimit(store, clock.now).consume('203.0.113.7'), { code: 'SESSIONS_UNAVAILABLE' })
  })
})

t.test('a count does not wait for the disk: a crowd of logins would keep everybody waiting', async t => {
  const counters = openCounters(`${t.testdir({})}/latchkey.sqlite`, Date.now)
  t.teardown(() => counters.$client.close())
  t.equal(counters.$client.pragma('synchronous', { simple: true }), 1, 'NORMAL')
})

/** Expired, of the old limiter or a clock that was ahead, and in use. */
const rows = (now: number) => `
  insert into throttle select 'old' || n, 1, ${now - 1} from (${Array.from({ length: 450 }, (_, n) => `select ${n} n`).join(' union ')}) numbers;
  insert into throttle values ('throttle:guesses:a', 7, ${now + 300 * DAY_MS}), ('throttle:guesses:b', 7, ${now + DAY_MS + HOUR_MS + 1});
  insert into throttle values ('lasts', 1, ${now + MINUTE_MS}), ('also', 1, ${now + DAY_MS})`

t.test('what has expired, or lasts longer than any counter may, is swept in SQLite', async t => {
  const [database, clock] = [openCounters(`${t.testdir({})}/latchkey.sqlite`, Date.now), new MovableClock()]
  t.teardown(() => database.$client.close())
  database.$client.exec(rows(clock.now()))
  const store = sqliteRateLimitStore(database, clock)
  t.equal(await store.sweep(), 452)
  t.strictSame(database.$client.prepare('select key from throttle order by key').pluck().all(), ['also', 'lasts'])
  t.equal(await store.sweep(), 0)
})

t.test('and in PostgreSQL, where each query uses an index', async t => {
  const [database, clock] = [await postgres.open(t), new MovableClock()]
  await database.execute(rows(clock.now()))
  const store = postgresRateLimitStore(database, clock)
  const plans = await plansOf(t, database, async () => {
    const account = { email: 'grace@example.com', userId: 'grace' }
    await loginAttempts(store, clock.now).consume(account, '203.0.113.7')
    await (await loginAttempts(store, clock.now).consume(account, '203.0.113.7')).succeed()
    t.equal(await store.sweep(), 452)
  })
  t.ok(plans.length > 10)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})

t.test('a sweep goes past counters that another process is at', async t => {
  const database = await postgres.open(t)
  await database.execute("insert into throttle values ('one', 1, 1), ('other', 1, 1)")
  const store = postgresRateLimitStore(database, { now: Date.now })
  await inTransaction(database, async transaction => {
    await transaction.execute("select 1 from throttle where key = 'one' for update")
    t.equal(await store.sweep(), 1)
  })
  t.equal(await store.sweep(), 1)
})

t.test('in Redis, counters of the old limiter are removed once, and nothing else', async t => {
  const redis = new Redis(await newRedisDatabase(t))
  t.teardown(() => redis.disconnect())
  const set = (...keys: string[]) => Promise.all(keys.map(key => redis.set(key, '100', 'EX', 31_536_000)))
  await set(...Array.from({ length: 2500 }, (_, n) => `latchkey:throttle:guesses:${n}`), 'latchkey:throttle:failures:x', 'latchkey:session:x', 'latchkey2:throttle:guesses:x', 'latchkey:throttle:guesses')
  const store = redisRateLimitStore(redis, { prefix: 'latchkey:', now: Date.now })
  t.equal(await store.sweep(), 2500)
  t.strictSame((await redis.keys('*')).toSorted(), ['latchkey2:throttle:guesses:x', 'latchkey:session:x', 'latchkey:throttle:failures:x', 'latchkey:throttle:guesses'])
  await set('latchkey:throttle:guesses:late')
  t.equal(await store.sweep(), 0, 'all keys are gone through only once')
  const another = redisRateLimitStore(redis, { prefix: 'latchkey:', now: Date.now })
  await redis.disconnect()
  await t.rejects(another.sweep())
  await redis.connect()
  t.equal(await another.sweep(), 1, 'again after a failure')
  await set('odd*[prefix]:throttle:guesses:x')
  t.equal(await redisRateLimitStore(redis, { prefix: 'odd*[prefix]:', now: Date.now }).sweep(), 1)
})
