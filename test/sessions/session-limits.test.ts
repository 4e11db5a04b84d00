import t from 'tap'
import { aboutSession } from '../../src/sessions/about-session.ts'
import { oldestBeyond } from '../../src/sessions/oldest-beyond.ts'
import { deadlinesOf, type Lifetime, type SessionLimits, validityOf } from '../../src/sessions/session-limits.ts'
import type { StoredSession } from '../../src/sessions/session-store.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../helper.ts'

const limits = { idleMs: HOUR_MS, absoluteMs: DAY_MS, rememberMs: 30 * DAY_MS }
const login = 1_700_000_000_000
const user = { userId: 'grace', startedAt: login, lastSeenAt: login }
const remembered = { ...user, remembered: true }
const visitor = { startedAt: login, lastSeenAt: login }
const isLive = (fields: Lifetime, limits: SessionLimits, now: number) => validityOf(fields, limits, now) === 'valid'

t.test('a session that is not used ends after the idle limit, to the millisecond', async t => {
  t.ok(isLive(user, limits, login))
  t.ok(isLive(user, limits, login + HOUR_MS - 1))
  t.notOk(isLive(user, limits, login + HOUR_MS))
  t.strictSame(deadlinesOf(user, limits), { expiresAt: login + HOUR_MS, endsAt: login + DAY_MS })
})

t.test('a session in use ends after the absolute limit', async t => {
  const busy = { ...user, lastSeenAt: login + DAY_MS - 1 }
  t.ok(isLive(busy, limits, login + DAY_MS - 1))
  t.notOk(isLive(busy, limits, login + DAY_MS))
  t.equal(deadlinesOf(busy, limits).expiresAt, login + DAY_MS)
})

t.test('"keep me logged in" has one limit for both, from the login on', async t => {
  t.ok(isLive(remembered, limits, login + 30 * DAY_MS - 1))
  t.notOk(isLive(remembered, limits, login + 30 * DAY_MS))
  t.notOk(isLive({ ...remembered, lastSeenAt: login + 29 * DAY_MS }, limits, login + 30 * DAY_MS), 'use does not carry it further')
})

t.test('only a plain true keeps somebody logged in', async t => {
  for (const word of ['true', 1, 'on', {}, [], null, false]) t.notOk(isLive({ ...user, remembered: word }, limits, login + HOUR_MS), JSON.stringify(word))
})

t.test('a visitor is forgotten after ten minutes, and cannot be remembered for longer', async t => {
  t.ok(isLive(visitor, limits, login + 10 * MINUTE_MS - 1))
  t.notOk(isLive(visitor, limits, login + 10 * MINUTE_MS))
  t.notOk(isLive({ ...visitor, remembered: true }, limits, login + 10 * MINUTE_MS))
  const busy = { ...visitor, lastSeenAt: login + HOUR_MS - 1 }
  t.ok(isLive(busy, limits, login + HOUR_MS - 1))
  t.notOk(isLive(busy, limits, login + HOUR_MS), 'an hour later, however much the session is used')
  t.equal(deadlinesOf(visitor, { ...limits, absoluteMs: MINUTE_MS }).endsAt, login + MINUTE_MS, 'nor for longer than a login')
})

t.test('a login from the future is not yet valid, or a clock that was set back would keep it fresh', async t => {
  t.equal(validityOf(user, limits, login - 5 * MINUTE_MS), 'valid', 'another machine may be ahead a little')
  t.equal(validityOf(user, limits, login - 5 * MINUTE_MS - 1), 'not yet valid')
  t.equal(validityOf({ ...user, lastSeenAt: login + HOUR_MS }, limits, login), 'not yet valid')
  t.equal(validityOf({ ...user, startedAt: login + HOUR_MS }, limits, login), 'not yet valid')
  t.equal(validityOf(remembered, limits, login - 300 * DAY_MS), 'not yet valid')
  t.equal(validityOf({ ...user, lastSeenAt: Infinity }, limits, login), 'not yet valid')
  t.equal(validityOf({ ...user, lastSeenAt: login + 25 * HOUR_MS }, limits, login + DAY_MS), 'ended', 'unless it has ended by any clock')
})

t.test('a visitor\'s session from the future ends: pages for visitors need none', async t => {
  t.equal(validityOf(visitor, limits, login - 5 * MINUTE_MS), 'valid')
  t.equal(validityOf(visitor, limits, login - 5 * MINUTE_MS - 1), 'ended')
})

t.test('a record without its times is no session', async t => {
  for (const wrong of [undefined, null, String(login), '', NaN, {}, [login], true]) {
    t.notOk(isLive({ ...user, startedAt: wrong }, limits, login + 1), `startedAt ${wrong}`)
    t.notOk(isLive({ ...user, lastSeenAt: wrong }, limits, login + 1), `lastSeenAt ${wrong}`)
  }
  t.notOk(isLive({}, limits, login))
  t.notOk(isLive({ ...user, startedAt: -Infinity }, limits, login))
})

t.test('a changed setting applies to sessions that live already', async t => {
  t.notOk(isLive(user, { ...limits, idleMs: MINUTE_MS }, login + MINUTE_MS))
  t.notOk(isLive({ ...user, lastSeenAt: login + HOUR_MS }, { ...limits, absoluteMs: HOUR_MS }, login + HOUR_MS))
  t.notOk(isLive(remembered, { ...limits, rememberMs: DAY_MS }, login + DAY_MS))
  t.ok(isLive(user, { ...limits, idleMs: 2 * HOUR_MS }, login + HOUR_MS))
})

t.test('the shorter of two limits wins, also when the idle one is the longer', async t => {
  const odd = { idleMs: DAY_MS, absoluteMs: HOUR_MS, rememberMs: 30 * DAY_MS }
  t.strictSame(deadlinesOf(user, odd), { expiresAt: login + HOUR_MS, endsAt: login + HOUR_MS })
})

t.test('people may know when their session began, was seen and ends', async t => {
  const about = (session: object) => aboutSession(session as Parameters<typeof aboutSession>[0], limits)
  t.strictSame(about({ ...user, lastSeenAt: login + 5 }), { signedInAt: login, lastSeenAt: login + 5, expiresAt: login + 5 + HOUR_MS, remembered: false })
  t.strictSame(about(remembered), { signedInAt: login, lastSeenAt: login, expiresAt: login + 30 * DAY_MS, remembered: true })
})

t.test('of too many sessions the oldest are beyond', async t => {
  const begun = (...times: number[]): StoredSession[] => times.map(startedAt => ({ handle: `of ${startedAt}`, fields: { startedAt }, expiresAt: login }))
  const beyond = (cap: number, sessions: StoredSession[], newHandle = 'of 4') => oldestBeyond(cap, sessions, newHandle).map(({ handle }) => handle)
  const sessions = begun(2, 4, 1, 3)
  t.strictSame(beyond(2, sessions), ['of 2', 'of 1'])
  t.strictSame(beyond(1, sessions), ['of 3', 'of 2', 'of 1'])
  t.strictSame(beyond(1, sessions, 'of 1'), ['of 4', 'of 3', 'of 2'], 'the one that has just begun is never among them')
  t.strictSame(beyond(4, sessions), [])
  t.strictSame(beyond(50, []), [])
  t.strictSame(sessions, begun(2, 4, 1, 3), 'the list handed in stays as it was')
})
