import { createHmac } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openSqlite } from '../src/database/open-sqlite.ts'
import { inTransaction } from '../src/database/postgres-transaction.ts'
import type { OpenLimiter } from '../src/throttling/counts.ts'
import { openLimiters } from '../src/throttling/open-limiters.ts'
import { knownDevice, readDeviceToken, renewedToken } from '../src/throttling/device-token.ts'
import { postgresCounts } from '../src/throttling/postgres-counts.ts'
import { openCounts, sqliteCounts } from '../src/throttling/sqlite-counts.ts'
import { passwordThrottle, type Guess } from '../src/throttling/password-throttle.ts'
import { signUpThrottle } from '../src/throttling/sign-up-throttle.ts'
import { startRedisServer } from './redis-server.ts'
import { plansOf, postgresForEach } from './stores/new-postgres.ts'

const postgres = await postgresForEach(t)

const stranger = (guess: Partial<Guess> = {}): Guess => ({ email: 'grace@example.com', address: '203.0.113.7', knownDevice: null, ...guess })

// Addresses differ, so that only the account is counted.
let network = 0
const fromAnywhere = (guess: Partial<Guess> = {}) => stranger({ address: `10.${network >> 16}.${network >> 8 & 255}.${++network & 255}`, ...guess })

t.test('in SQLite', async t => await holdsIn(t, inSqlite(t), ms => t.intercept(Date, 'now', { value: () => Date.UTC(2026, 0) + ms, configurable: true })))

t.test('in PostgreSQL', async t => {
  const setTime = (ms: number) => t.intercept(Date, 'now', { value: () => Date.UTC(2026, 0) + ms, configurable: true })
  await holdsIn(t, postgresCounts(await postgres.open(t), { now: Date.now }).openLimiter, setTime)
})

t.test('in Redis', async t => {
  const server = await startRedisServer(t)
  const redis = new Redis(server.url)
  t.teardown(() => redis.disconnect())
  await holdsIn(t, openLimiters({ redis, redisPrefix: 'latchkey:', database: { counts: sqliteCounts(openSqlite(`${t.testdir()}/x.sqlite`), { now: Date.now }) } }), null)
})

function inSqlite (t: Test): OpenLimiter {
  const sqlite = openSqlite(`${t.testdir()}/latchkey.sqlite`)
  t.teardown(() => sqlite.$client.close())
  return sqliteCounts(sqlite, { now: Date.now }).openLimiter
}

async function holdsIn (t: Test, openLimiter: OpenLimiter, setTime: ((ms: number) => unknown) | null) {
  const throttle = passwordThrottle(openLimiter)

  await t.test('four guesses are free, the fifth begins a wait', async t => {
    for (let guess = 1; guess <= 5; guess++) t.equal(await throttle.admit(fromAnywhere()), 0, `guess ${guess}`)
    const wait = await throttle.admit(fromAnywhere())
    t.ok(wait > 10 && wait <= 15, `${wait} seconds`)
    await throttle.forgive(fromAnywhere())
    t.equal(await throttle.admit(fromAnywhere()), 0, 'a success begins anew')
  })

  await t.test('parallel guesses cannot outrun the count', async t => {
    const waits = await Promise.all(Array.from({ length: 50 }, () => throttle.admit(fromAnywhere({ email: 'many@example.com' }))))
    t.equal(waits.filter(wait => wait === 0).length, 5)
  })

  await t.test('a crowd at once does not fill the hundred that make an account wait for its owner', async t => {
    const guess = () => throttle.admit(fromAnywhere({ email: 'crowd@example.com' }))
    for (let count = 1; count <= 5; count++) await guess()
    await Promise.all(Array.from({ length: 300 }, guess))
    t.ok(await guess() <= 15)
  })

  await t.test('one account is one, however it is written; an unknown one is counted alike', async t => {
    for (const email of ['Ada@Example.com', 'ada@example.com ', ' ADA@example.COM', 'ada@example.com', 'ada@example.com']) await throttle.admit(fromAnywhere({ email }))
    t.not(await throttle.admit(fromAnywhere({ email: 'aDa@example.com' })), 0)
    for (let guess = 1; guess <= 5; guess++) await throttle.admit(fromAnywhere({ email: 'no address' }))
    t.not(await throttle.admit(fromAnywhere({ email: 'no address' })), 0)
  })

  await t.test('a device that has logged in before is not locked out by strangers', async t => {
    const email = 'known@example.com'
    for (let guess = 1; guess <= 8; guess++) await throttle.admit(fromAnywhere({ email }))
    t.equal(await throttle.admit(fromAnywhere({ email, knownDevice: 'laptop' })), 0)
    t.not(await throttle.admit(fromAnywhere({ email, knownDevice: null })), 0)
  })

  await t.test('one address has a hundred guesses in a quarter of an hour, an IPv6 site is one address', async t => {
    const at = (n: number) => stranger({ email: `person-${n}@example.com`, address: `2001:db8:1:1::${n.toString(16)}` })
    for (let guess = 1; guess <= 100; guess++) if (await throttle.admit(at(guess)) !== 0) t.fail(`guess ${guess}`)
    const wait = await throttle.admit(at(101))
    t.ok(wait > 0 && wait <= 900)
    t.equal(await throttle.admit(stranger({ email: 'person-102@example.com', address: '2001:db8:1:2::1' })), 0, 'another site is not affected')
  })

  if (setTime === null) return
  await t.test('waits double up to a quarter of an hour, and after a hundred guesses the account waits for its owner', async t => {
    const email = 'slow@example.com'
    let ms = 0
    setTime(ms)
    const waits: number[] = []
    for (let guess = 1; guess <= 100; guess++) {
      t.equal(await throttle.admit(fromAnywhere({ email })), 0, `guess ${guess}`)
      if (guess < 5) continue
      const wait = await throttle.admit(fromAnywhere({ email }))
      waits.push(wait)
      ms += wait * 1000
      setTime(ms)
    }
    t.strictSame(waits.slice(0, 8), [15, 30, 60, 120, 240, 480, 900, 900])
    setTime(ms + 86_400_000)
    t.equal(await throttle.admit(fromAnywhere({ email })), 900, 'also a day later')
    t.equal(await throttle.admit(fromAnywhere({ email, knownDevice: 'laptop' })), 0, 'its owner has a device that is known')
    await throttle.forget(email)
    t.equal(await throttle.admit(fromAnywhere({ email })), 0, 'or asks the operator')
  })
}

t.test('a count does not wait for the disk: a crowd of logins would keep everybody waiting', async t => {
  const counts = openCounts(`${t.testdir()}/latchkey.sqlite`)
  t.teardown(() => counts.$client.close())
  t.equal(counts.$client.pragma('synchronous', { simple: true }), 1, 'NORMAL')
})

t.test('when nobody can count, nobody may guess', async t => {
  const sqlite = openSqlite(`${t.testdir()}/latchkey.sqlite`)
  const { openLimiter } = sqliteCounts(sqlite, { now: Date.now })
  const [throttle, signUps] = [passwordThrottle(openLimiter), signUpThrottle(openLimiter)]
  sqlite.$client.close()
  await t.rejects(throttle.admit(stranger()), { code: 'SESSIONS_UNAVAILABLE' })
  await t.rejects(throttle.forgive(stranger()), { code: 'SESSIONS_UNAVAILABLE' })
  await t.rejects(throttle.forget('grace@example.com'), { code: 'SESSIONS_UNAVAILABLE' })
  await t.rejects(signUps.admit('203.0.113.7'), { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('counts that have run out are swept in PostgreSQL too, the others stay, and each query uses an index', async t => {
  const database = await postgres.open(t)
  const now = Date.now()
  await database.execute(`insert into throttle select 'old' || n, 1, ${now - 1} from generate_series(1, 1500) n`)
  await database.execute(`insert into throttle values ('lasts', 1, ${now + 60_000}), ('for ever', 1, null)`)
  const counts = postgresCounts(database, { now: () => now })
  const plans = await plansOf(t, database, async () => {
    await passwordThrottle(counts.openLimiter).admit(stranger())
    await passwordThrottle(counts.openLimiter).forgive(stranger())
    t.equal(await counts.sweep(), 1500)
  })
  t.ok(plans.length > 5)
  t.match(counts.openLimiter({ name: 'x', points: 1, durationSeconds: 1 }), { clearExpiredByTimeout: false }, 'no timer outlives the service')
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
  t.equal(await counts.sweep(), 0)
})

t.test('a sweep goes past counts that another process is at', async t => {
  const database = await postgres.open(t)
  await database.execute("insert into throttle values ('one', 1, 1), ('other', 1, 1)")
  const counts = postgresCounts(database, { now: Date.now })
  await inTransaction(database, async transaction => {
    await transaction.execute("select 1 from throttle where key = 'one' for update")
    t.equal(await counts.sweep(), 1)
  })
  t.equal(await counts.sweep(), 1)
})

t.test('when nobody can count in PostgreSQL, nobody may guess', async t => {
  const database = await postgres.open(t)
  const throttle = passwordThrottle(postgresCounts(database, { now: Date.now }).openLimiter)
  await database.$client.end()
  await t.rejects(throttle.admit(stranger()), { code: 'SESSIONS_UNAVAILABLE' })
  await t.rejects(throttle.forgive(stranger()), { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('a device token proves one account in one epoch, under any of our secrets', async t => {
  const user = { id: 'grace', sessionEpoch: 3 }
  const known = (token: string | undefined, owner: typeof user | null = user, secrets = ['new-secret']) => knownDevice(token, { email: 'grace@example.com', user: owner }, secrets)
  const token = renewedToken(undefined, user, ['new-secret', 'old-secret'])
  const { name } = readDeviceToken(token, ['new-secret'])!
  t.equal(known(token, user, ['newer-secret', 'new-secret']), name)
  t.equal(known(token, { ...user, id: 'ada' }), null)
  t.equal(known(token, { ...user, sessionEpoch: 4 }), null)
  t.equal(known(token, null), null)
  t.equal(known(token, user, ['another-secret']), null)
  for (const invented of [undefined, '', '.', 'x', 'x.y', 'x.y.z', 'x.grace.3', `x.grace.3.${'ü'.repeat(43)}`, `x.${token}`, `${token}x`]) t.equal(known(invented), null)
})

t.test('a browser stays one device when its token is issued again', async t => {
  const [user, secrets] = [{ id: 'grace', sessionEpoch: 3 }, ['secret']]
  const token = renewedToken(undefined, user, secrets)
  const { name } = readDeviceToken(token, secrets)!
  t.strictSame(readDeviceToken(renewedToken(token, { ...user, sessionEpoch: 4 }, secrets), secrets), { name, userId: 'grace', epoch: 4 })
  t.not(readDeviceToken(renewedToken(token, { ...user, id: 'ada' }, secrets), secrets)!.name, name, 'but not the same one for another account')
  t.not(readDeviceToken(renewedToken(`x${token}`, user, secrets), secrets)!.name, name)
})

t.test('a token of an earlier release, which is bound to an email, is accepted', async t => {
  const user = { id: 'grace', sessionEpoch: 3 }
  const mac = createHmac('sha256', 'secret').update('device\nlaptop\ngrace@example.com').digest('base64url')
  t.equal(knownDevice(`laptop.${mac}`, { email: ' Grace@example.com', user }, ['secret']), 'laptop')
  t.equal(knownDevice(`laptop.${mac}`, { email: 'ada@example.com', user }, ['secret']), null)
})
