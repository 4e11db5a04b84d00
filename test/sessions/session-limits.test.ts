import t from 'tap'
import { sessionsOverLimit } from '../../src/sessions/sessions-over-limit.ts'
import { deadlinesOf } from '../../src/sessions/session-limits.ts'
import { sessionSummary } from '../../src/sessions/session-summary.ts'
import { newSession } from '../contract/session-store.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../helper.ts'

const limits = { idleMs: HOUR_MS, absoluteMs: DAY_MS, rememberMs: 30 * DAY_MS }
const at = 1_700_000_000_000
const login = { userId: 'grace', epoch: 1, remembered: false, proofs: [{ method: 'pwd' as const, at }] }
const user = { core: { startedAt: at, login }, lastSeenAt: at }
const remembered = { core: { startedAt: at, login: { ...login, remembered: true } }, lastSeenAt: at }
const visitor = { core: { startedAt: at, login: null }, lastSeenAt: at }

t.test('a session that is not used ends after the idle limit, one in use after the absolute one', async t => {
  t.strictSame(deadlinesOf(user, limits), { expiresAt: at + HOUR_MS, endsAt: at + DAY_MS })
  t.strictSame(deadlinesOf({ ...user, lastSeenAt: at + DAY_MS - 1 }, limits), { expiresAt: at + DAY_MS, endsAt: at + DAY_MS })
})

t.test('"keep me logged in" has one limit for both, from the login on', async t => {
  const deadlines = { expiresAt: at + 30 * DAY_MS, endsAt: at + 30 * DAY_MS }
  t.strictSame(deadlinesOf(remembered, limits), deadlines)
  t.strictSame(deadlinesOf({ ...remembered, lastSeenAt: at + 29 * DAY_MS }, limits), deadlines, 'use does not extend it')
})

t.test('a visitor\'s session ends after ten minutes, and after an hour however much it is used', async t => {
  t.strictSame(deadlinesOf(visitor, limits), { expiresAt: at + 10 * MINUTE_MS, endsAt: at + HOUR_MS })
  t.equal(deadlinesOf({ ...visitor, lastSeenAt: at + HOUR_MS - 1 }, limits).expiresAt, at + HOUR_MS)
  t.equal(deadlinesOf(visitor, { ...limits, absoluteMs: MINUTE_MS }).endsAt, at + MINUTE_MS, 'never later than a login would')
})

t.test('the shorter of two limits wins, also when the idle one is the longer', async t => {
  const odd = { idleMs: DAY_MS, absoluteMs: HOUR_MS, rememberMs: 30 * DAY_MS }
  t.strictSame(deadlinesOf(user, odd), { expiresAt: at + HOUR_MS, endsAt: at + HOUR_MS })
})

t.test('people may know when their session began, was seen and ends', async t => {
  t.strictSame(sessionSummary({ ...user, lastSeenAt: at + 5 }, limits), { signedInAt: at, lastSeenAt: at + 5, expiresAt: at + 5 + HOUR_MS, remembered: false })
  t.strictSame(sessionSummary(remembered, limits), { signedInAt: at, lastSeenAt: at, expiresAt: at + 30 * DAY_MS, remembered: true })
})

t.test('of too many sessions the oldest are beyond', async t => {
  const begun = (...times: number[]) => times.map(time => ({ ...newSession({ now: () => time, move: () => {} }), handle: `of ${time}` }))
  const beyond = (cap: number, sessions: ReturnType<typeof begun>, newHandle = 'of 4') => sessionsOverLimit(cap, sessions, newHandle).map(({ handle }) => handle)
  const sessions = begun(2, 4, 1, 3)
  t.strictSame(beyond(2, sessions), ['of 2', 'of 1'])
  t.strictSame(beyond(1, sessions), ['of 3', 'of 2', 'of 1'])
  t.strictSame(beyond(1, sessions, 'of 1'), ['of 4', 'of 3', 'of 2'], 'the one that has just begun is never among them')
  t.strictSame(beyond(4, sessions), [])
  t.strictSame(beyond(50, []), [])
  t.strictSame(sessions, begun(2, 4, 1, 3), 'the list handed in stays as it was')
})
