import t from 'tap'
import { devicesOf } from '../../src/sessions/devices.ts'
import type { User } from '../../src/users/user-repository.ts'

const MINUTE_MS = 60_000
const limits = { idleMs: 60 * MINUTE_MS, absoluteMs: 600 * MINUTE_MS, rememberMs: 6000 * MINUTE_MS }
const now = Date.now()
const user = { sessionEpoch: 2 } as User

t.test('the asking session comes first, then the last seen; a session of before devices were kept has none', async t => {
  const seen = (minutes: number) => ({ userId: 'ada', epoch: 2, startedAt: now - 50 * MINUTE_MS, lastSeenAt: now - minutes * MINUTE_MS })
  const sessions = [30, 10, 20].map(minutes => ({ handle: String(minutes), fields: seen(minutes), expiresAt: now + 1 }))
  const devices = devicesOf(sessions, { user, thisHandle: '20', limits, now })
  t.strictSame(devices.map(({ handle }) => handle), ['20', '10', '30'])
  t.match(devices[1], { device: 'Unknown device', address: '', remembered: false, visits: [] })
})

t.test('a session that would not be let in is not among them', async t => {
  const good = { userId: 'ada', epoch: 2, startedAt: now - 50 * MINUTE_MS, lastSeenAt: now - MINUTE_MS }
  const wrong = [{ epoch: 1 }, { epoch: 3 }, { lastSeenAt: now - 60 * MINUTE_MS }, { startedAt: now - 600 * MINUTE_MS }, { lastSeenAt: 'soon' }]
  const sessions = [{}, ...wrong].map((change, index) => ({ handle: String(index), fields: { ...good, ...change }, expiresAt: now + 1 }))
  t.strictSame(devicesOf(sessions, { user, thisHandle: '9', limits, now }).map(({ handle }) => handle), ['0'])
})

t.test('a session from the future is among them: it is refused now, and would be let in once the clock has caught up', async t => {
  const ahead = { userId: 'ada', epoch: 2, startedAt: now + 60 * MINUTE_MS, lastSeenAt: now + 60 * MINUTE_MS }
  const devices = devicesOf([{ handle: 'ahead', fields: ahead, expiresAt: now + 120 * MINUTE_MS }], { user, thisHandle: '9', limits, now })
  t.strictSame(devices.map(({ handle }) => handle), ['ahead'])
})
