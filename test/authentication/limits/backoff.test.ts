import t from 'tap'
import { type Failures, oneLess, oneMore, waitAfter } from '../../../src/authentication/limits/backoff.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../helper.ts'

const START = Date.UTC(2026, 0)

/** So many failures, each as soon as it was admitted. */
function failing (times: number) {
  let [failures, now] = [null as Failures | null, START]
  for (let time = 1; time <= times; time++) {
    now += waitAfter(failures, now)
    failures = oneMore(failures, now)
  }
  return { failures: failures!, now }
}

t.test('five attempts are free, then waits double up to an hour, also after the hundredth', async t => {
  const waits = Array.from({ length: 110 }, (_, before) => {
    const { failures, now } = failing(before + 1)
    return waitAfter(failures, now) / 1000
  })
  t.strictSame(waits.slice(0, 4), [0, 0, 0, 0])
  t.strictSame(waits.slice(4, 13), [15, 30, 60, 120, 240, 480, 960, 1920, 3600])
  t.ok(waits.slice(12).every(wait => wait === 3600))
})

t.test('it takes more than three days to fail a hundred times', async t => {
  t.ok(failing(100).now - START > 3 * DAY_MS)
})

t.test('the first failure is forgotten after a quarter of an hour, many after a day', async t => {
  const kept = [1, 2, 3, 4, 7, 8, 50].map(times => {
    const { failures, now } = failing(times)
    return (failures.expiresAt - now) / MINUTE_MS
  })
  t.strictSame(kept, [15, 30, 60, 120, 960, 1440, 1440])
})

t.test('waiting until it is forgotten is never faster than waiting to be admitted', async t => {
  for (let times = 1; times <= 20; times++) {
    const { failures, now } = failing(times)
    t.ok(failures.expiresAt - now > 2 * waitAfter(failures, now), `${times} failures`)
  }
})

t.test('what is forgotten begins anew', async t => {
  const { failures } = failing(7)
  t.equal(waitAfter(failures, failures.expiresAt), 0)
  t.equal(oneMore(failures, failures.expiresAt).count, 1)
  t.equal(oneMore(failures, failures.expiresAt - 1).count, 8)
})

t.test('the wait is over when it has passed, to the millisecond', async t => {
  const { failures, now } = failing(6)
  t.equal(waitAfter(failures, now + 29_999), 1)
  t.equal(waitAfter(failures, now + 30_000), 0)
  t.equal(waitAfter(failures, now + 31_000), 0)
})

t.test('nobody waits for a moment that a clock which was ahead has written', async t => {
  const { failures, now } = failing(20)
  for (const back of [MINUTE_MS + 1, HOUR_MS, 365 * DAY_MS]) t.equal(waitAfter(failures, now - back), 0, `${back} ms`)
  t.strictSame(oneMore(failures, now - DAY_MS), { count: 21, expiresAt: now }, 'and the next failure is of now')
})

t.test('a machine whose clock is a little behind admits nobody early', async t => {
  const { failures, now } = failing(5)
  t.equal(waitAfter(failures, now - 1), 15_001)
  t.equal(waitAfter(failures, now - MINUTE_MS), 75_000)
})

t.test('one less is what was before, without a wait that had passed', async t => {
  const { failures, now } = failing(5)
  t.strictSame(oneLess(failures), { count: 4, expiresAt: now + 120 * MINUTE_MS })
  t.equal(oneLess(failing(1).failures), null)
})
