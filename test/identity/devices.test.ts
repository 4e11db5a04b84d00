import t from 'tap'
import { devicesOf } from '../../src/identity/devices.ts'
import type { Account } from '../../src/users/user-repository.ts'
import { newSession } from '../contract/session-store.ts'

const MINUTE_MS = 60_000
const limits = { idleMs: 60 * MINUTE_MS, absoluteMs: 600 * MINUTE_MS, rememberMs: 6000 * MINUTE_MS }
const now = Date.now()
const user = { sessionEpoch: 1, disabledAt: null } as Account

const begun = (minutes: number, handle: string, changes: object = {}) => ({ ...newSession({ now: () => now - minutes * MINUTE_MS, move: () => {} }), handle, ...changes })
const handlesOf = (sessions: ReturnType<typeof begun>[], thisHandle = '9') => devicesOf(sessions, { user, thisHandle, limits, now }).map(({ handle }) => handle)

t.test('the viewer\'s own session comes first, then the last seen', async t => {
  const sessions = [30, 10, 20].map(minutes => begun(minutes, String(minutes)))
  t.strictSame(handlesOf(sessions, '20'), ['20', '10', '30'])
  t.match(devicesOf(sessions, { user, thisHandle: '20', limits, now })[1], { device: 'Firefox on Linux', address: '203.0.113.17', remembered: false, visits: [], isThis: false })
})

t.test('a session that would not be let in is not among them', async t => {
  const otherEpoch = (epoch: number) => { const { core } = begun(1, ''); return { core: { ...core, login: { ...core.login!, epoch } } } }
  const wrong = [otherEpoch(0), otherEpoch(2), { lastSeenAt: now - 60 * MINUTE_MS }, { core: { startedAt: now, login: null }, client: null }]
  t.strictSame(handlesOf([{}, ...wrong].map((change, index) => begun(1, String(index), change))), ['0'])
})

t.test('a session from the future is among them: it is refused now, and valid once the clock has caught up', async t => {
  t.strictSame(handlesOf([begun(-60, 'ahead')]), ['ahead'])
})
