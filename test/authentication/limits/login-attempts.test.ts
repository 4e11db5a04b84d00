import t from 'tap'
import { type LoginTarget, type LoginAttempts, LOGIN_CEILINGS, loginAttempts } from '../../../src/authentication/limits/login-attempts.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../helper.ts'
import { inSqlite, onEveryRateLimitStore } from './every-rate-limit-store.ts'

const grace: LoginTarget = { email: 'grace@example.com', userId: 'grace' }
const nobody = (email: string): LoginTarget => ({ email, userId: null })
const everyAddress = { points: 1_000_000, seconds: 60 }
const withoutCeilings = { name: 'login', host: everyAddress, '/24': everyAddress, '/56': everyAddress, '/48': everyAddress, everybody: everyAddress }
const low = { ...LOGIN_CEILINGS, host: { points: 3, seconds: 900 }, '/24': { points: 7, seconds: 900 }, '/56': { points: 5, seconds: 900 }, '/48': { points: 9, seconds: 900 }, everybody: { points: 20, seconds: 60 } }

// Networks differ, so that only the account is counted.
let network = 0
const anywhere = () => `10.${++network >> 8 & 255}.${network & 255}.1`
const fail = async (attempts: LoginAttempts, account: LoginTarget, address = anywhere()) => (await attempts.consume(account, address)).wait
/** Each at another account, so that only networks are counted. @returns how many were admitted */
async function spray (attempts: LoginAttempts, addresses: string[]): Promise<number> {
  let admitted = 0
  for (const address of addresses) if (await fail(attempts, nobody(`person-${++network}@example.com`), address) === 0) admitted++
  return admitted
}
const hosts = (of: (n: string) => string, count: number) => Array.from({ length: count }, (_, at) => of((at + 1).toString(16)))

await onEveryRateLimitStore(t, async (t, open) => {
  t.test('five attempts are free, then waits double up to an hour; after the hundredth one attempt an hour is admitted', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, withoutCeilings)
    const waits: number[] = []
    for (let admitted = 0; admitted < 103;) {
      const wait = await fail(attempts, grace)
      if (wait === 0) admitted++
      else waits.push(wait / 1000)
      clock.pass(wait)
    }
    t.strictSame(waits.slice(0, 10), [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
    t.equal(waits.length, 98, 'only the first five were free')
    t.strictSame(waits.slice(-4), [3600, 3600, 3600, 3600])
  })

  t.test('an email without an account is counted alike, however it is written, also when it is none', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    for (const email of ['Ada@Example.com', 'ada@example.com ', ' ADA@example.COM', 'ada@example.com', 'ada@example.com']) t.equal(await fail(attempts, nobody(email)), 0)
    t.equal(await fail(attempts, nobody('aDa@example.com')), 15_000)
    for (let attempt = 1; attempt <= 5; attempt++) t.equal(await fail(attempts, nobody('no address')), 0)
    t.equal(await fail(attempts, nobody('no address')), 15_000)
  })

  t.test('a hundred guesses at an email that has no account yet do not count against whoever signs up with it', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, withoutCeilings)
    for (let admitted = 0; admitted < 100;) {
      const wait = await fail(attempts, nobody(grace.email))
      if (wait === 0) admitted++
      clock.pass(wait)
    }
    t.equal(await fail(attempts, grace), 0)
  })

  t.test('parallel attempts cannot outrun the count, and what is refused is not counted', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    const waits = await Promise.all(Array.from({ length: 20 }, () => fail(attempts, grace)))
    t.equal(waits.filter(wait => wait === 0).length, 5)
    t.equal(await fail(attempts, grace), 15_000, 'not longer than after five')
    clock.pass(15_000)
    const later = await Promise.all(Array.from({ length: 10 }, () => fail(attempts, grace)))
    t.equal(later.filter(wait => wait === 0).length, 1)
  })

  t.test('parallel attempts cannot outrun a ceiling either', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    const waits = await Promise.all(hosts(n => `2001:db8:1:${n}::1`, 15).map(address => spray(attempts, [address])))
    t.equal(waits.reduce((sum, admitted) => sum + admitted), 5, 'of one /56')
    t.equal(await spray(attempts, hosts(n => `2001:db8:1:1${n}00::1`, 9)), 4, 'those that were refused do not count against the /48')
  })

  t.test('a refusal writes nothing', async t => {
    const { store, clock, content } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    for (let attempt = 1; attempt <= 5; attempt++) await fail(attempts, grace)
    await spray(attempts, hosts(n => `2001:db8:1:1::${n}`, 3))
    const before = await content()
    t.ok(before.length > 5)
    t.equal(await fail(attempts, grace), 15_000, 'for the account')
    t.not(await fail(attempts, nobody('ada@example.com'), '2001:db8:1:1::ffff'), 0, 'for the network')
    await spray(attempts, hosts(n => `198.51.${n.length}.${parseInt(n, 16)}`, 7))
    const full = await content()
    t.equal(await fail(attempts, nobody('ada@example.com'), '198.51.1.77'), 900_000 - clock.now() % 900_000)
    t.strictSame(await content(), full)
  })

  t.test('a network has its attempts in a quarter of an hour, and so have the networks around it', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    t.equal(await spray(attempts, hosts(n => `2001:db8:1:1::${n}`, 5)), 3, 'a /64')
    t.equal(await spray(attempts, hosts(n => `2001:db8:1:1${n}::1`, 5)), 2, 'the /56 around it')
    t.equal(await spray(attempts, hosts(n => `2001:db8:1:${n}00::1`, 9)), 4, 'the /48 around that')
    t.equal(await spray(attempts, ['2001:db8:2::1']), 1, 'another /48 is not affected')
    t.equal(await spray(attempts, ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.7', '203.0.113.7']), 3, 'an IPv4 address')
    t.equal(await spray(attempts, hosts(n => `203.0.113.${100 + parseInt(n, 16)}`, 9)), 4, 'the /24 around it')
    clock.pass(15 * MINUTE_MS)
    t.equal(await spray(attempts, hosts(n => `2001:db8:1:1::${n}`, 5)), 3, 'a quarter of an hour later')
  })

  t.test('everybody together has their attempts in a minute, and beyond that nothing is stored', async t => {
    const { store, clock, content } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    t.equal(await spray(attempts, hosts(n => `2001:db8:${n}::1`, 25)), 20)
    const full = await content()
    for (let guess = 1; guess <= 30; guess++) t.not(await fail(attempts, nobody(`someone-${guess}@example.com`)), 0)
    t.strictSame(await content(), full)
    t.ok(await fail(attempts, grace) <= MINUTE_MS)
    clock.pass(MINUTE_MS)
    t.equal(await fail(attempts, grace), 0)
  })

  t.test('a complete login begins the count anew, and its networks get the attempt back', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    for (let login = 1; login <= 9; login++) {
      const attempt = await attempts.consume(grace, '203.0.113.7')
      t.equal(attempt.wait, 0, `login ${login}`)
      await attempt.succeed()
    }
    for (let attempt = 1; attempt <= 2; attempt++) t.equal(await fail(attempts, grace, '203.0.113.7'), 0)
    await (await attempts.consume(grace, '203.0.113.7')).succeed()
    t.equal(await spray(attempts, ['203.0.113.7', '203.0.113.7']), 1, 'but not those that failed')
  })

  t.test('an attempt that was not checked does not count', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    for (let attempt = 1; attempt <= 6; attempt++) await fail(attempts, grace, '203.0.113.7').then(wait => clock.pass(wait))
    clock.pass(60_000)
    const unchecked = await attempts.consume(grace, '203.0.113.7')
    t.equal(unchecked.wait, 0)
    await unchecked.giveBack()
    t.equal(await fail(attempts, grace, '203.0.113.7'), 0, 'the account waits no longer than before')
    t.equal(await fail(attempts, grace, '203.0.113.7'), 30_000, 'and no shorter after that')
  })

  t.test('an attempt that is given back late takes only itself away', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    const slow = await attempts.consume(grace, anywhere())
    for (let attempt = 2; attempt <= 5; attempt++) await fail(attempts, grace)
    await slow.giveBack()
    t.equal(await fail(attempts, grace), 0, 'the fifth')
    t.equal(await fail(attempts, grace), 15_000)
    const late = await loginAttempts(store, clock.now).consume(nobody('ada@example.com'), anywhere())
    await attempts.reset(nobody('ada@example.com'))
    await late.giveBack()
    for (let attempt = 1; attempt <= 5; attempt++) t.equal(await fail(attempts, nobody('ada@example.com')), 0, 'and nothing below none')
    t.equal(await fail(attempts, nobody('ada@example.com')), 15_000)
  })

  t.test('the last free attempt says so', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    const says: boolean[] = []
    for (let attempt = 1; attempt <= 7; attempt++) {
      const { wait, isLastFree } = await attempts.consume(grace, anywhere())
      says.push(isLastFree)
      clock.pass(wait)
    }
    t.strictSame(says, [false, false, false, false, true, false, false])
  })

  t.test('one guess is forgotten after a quarter of an hour, and no counter is kept for more than a day', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    for (let round = 1; round <= 12; round++) {
      t.equal(await fail(attempts, grace), 0)
      clock.pass(15 * MINUTE_MS)
    }
    for (let admitted = 0; admitted < 20;) {
      const wait = await fail(attempts, grace)
      if (wait === 0) admitted++
      clock.pass(wait)
    }
    clock.pass(DAY_MS)
    for (let attempt = 1; attempt <= 5; attempt++) t.equal(await fail(attempts, grace), 0)
  })

  t.test('an operator resets an account', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    for (let attempt = 1; attempt <= 6; attempt++) await fail(attempts, grace)
    await attempts.reset(grace)
    t.equal(await fail(attempts, grace), 0)
    await attempts.reset(nobody('nothing@example.com'))
  })

  t.test('a clock that was ahead keeps nobody waiting once it is set back', async t => {
    const { store, clock } = await open(t)
    const attempts = loginAttempts(store, clock.now, low)
    clock.pass(365 * DAY_MS)
    for (let attempt = 1; attempt <= 6; attempt++) await fail(attempts, grace)
    await spray(attempts, hosts(n => `2001:db8:${n}::1`, 25))
    clock.pass(-365 * DAY_MS)
    t.equal(await fail(attempts, grace, '2001:db8:1::1'), 0)
    t.equal(await fail(attempts, grace), 30_000, 'the failures themselves still count')
    clock.pass(-2 * HOUR_MS)
    t.equal(await fail(attempts, grace), 0)
  })

  t.test('when nobody can count, nobody may guess', async t => {
    const { store, clock, break: breakStore } = await open(t)
    const attempts = loginAttempts(store, clock.now)
    const attempt = await attempts.consume(grace, anywhere())
    await breakStore()
    const unavailable = { code: 'SESSIONS_UNAVAILABLE', statusCode: 503 }
    await t.rejects(attempts.consume(grace, anywhere()), unavailable)
    await t.rejects(attempts.reset(grace), unavailable)
    await t.rejects(attempt.succeed(), unavailable)
    await t.rejects(attempt.giveBack(), unavailable)
  })

  t.test('when one of the counters fails, the others get the attempt back', async t => {
    const { store, clock } = await open(t)
    const broken = { ...store, replaceFailures: async () => { throw new Error('broken') } }
    await t.rejects(loginAttempts(broken, clock.now).consume(grace, '203.0.113.7'), { code: 'SESSIONS_UNAVAILABLE' })
    const attempts = loginAttempts(store, clock.now, low)
    t.equal(await spray(attempts, Array(4).fill('203.0.113.7')), 3, 'the networks')
  })
})

t.test('the ceilings are those that docs/security.md names', async t => {
  const { store, clock } = await inSqlite(t)
  const attempts = loginAttempts(store, clock.now)
  const inTime = async (addresses: string[]) => {
    let admitted = 0
    for (const address of addresses) {
      admitted += await spray(attempts, [address])
      clock.pass(100)
    }
    return admitted
  }
  clock.at = Math.ceil(clock.at / (15 * MINUTE_MS)) * 15 * MINUTE_MS
  t.equal(await inTime(hosts(n => `2001:db8:1:1::${n}`, 110)), 100, 'a /64')
  t.equal(await inTime(hosts(n => `2001:db8:1:1${n.padStart(1)}::1`, 15).flatMap(address => Array(10).fill(address))), 100, 'the /56 around it')
  t.equal(await inTime(hosts(n => `2001:db8:1:${n}00::1`, 30).flatMap(address => Array(10).fill(address))), 200, 'the /48 around that')
  t.equal(await inTime(Array(110).fill('203.0.113.7')), 100, 'an IPv4 address')
  t.equal(await inTime(hosts(n => `203.0.113.${parseInt(n, 16) + 10}`, 200).flatMap(address => Array(5).fill(address))), 900, 'the /24 around it')
  clock.pass(15 * MINUTE_MS)
  t.equal(await spray(attempts, hosts(n => `2001:db8:${n}::1`, 700)), 600, 'everybody in one minute')
})
