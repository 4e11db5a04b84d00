import t from 'tap'
import { assess } from '../../src/identity/assess.ts'
import type { Login } from '../../src/sessions/session.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../helper.ts'

const limits = { idleMs: HOUR_MS, absoluteMs: DAY_MS, rememberMs: 30 * DAY_MS }
const at = 1_700_000_000_000
const grace = { sessionEpoch: 2, disabledAt: null }

function loggedIn ({ lastSeenAt = at, startedAt = at, ...changes }: Partial<Login> & { lastSeenAt?: number, startedAt?: number } = {}) {
  return { core: { startedAt, login: { userId: 'grace', epoch: 2, remembered: false, proofs: [{ method: 'pwd' as const, at }], ...changes } }, lastSeenAt }
}

const visitor = { core: { startedAt: at, login: null }, lastSeenAt: at }
const stateOf = (session: ReturnType<typeof loggedIn> | typeof visitor, now: number, owner: Parameters<typeof assess>[1] = grace, limitsNow = limits) => assess(session, owner, limitsNow, now).state

t.test('a valid login says who, how and when they last proved it', async t => {
  const session = loggedIn({ proofs: [{ method: 'pwd', at }, { method: 'pwd', at: at + 5 }] })
  t.match(assess(session, grace, limits, at + 10), { state: 'logged in', login: session.core.login, level: 1, methods: ['pwd', 'pwd'], provedAt: at + 5 })
})

t.test('it ends at its limits, to the millisecond', async t => {
  t.equal(stateOf(loggedIn(), at + HOUR_MS - 1), 'logged in')
  t.equal(stateOf(loggedIn(), at + HOUR_MS), 'expired', 'not used')
  const busy = loggedIn({ lastSeenAt: at + DAY_MS - 1 })
  t.equal(stateOf(busy, at + DAY_MS - 1), 'logged in')
  t.equal(stateOf(busy, at + DAY_MS), 'expired', 'used')
  t.equal(stateOf(loggedIn({ remembered: true }), at + 30 * DAY_MS - 1), 'logged in')
  t.equal(stateOf(loggedIn({ remembered: true, lastSeenAt: at + 29 * DAY_MS }), at + 30 * DAY_MS), 'expired')
})

t.test('a changed setting applies to existing sessions', async t => {
  t.equal(stateOf(loggedIn(), at + MINUTE_MS, grace, { ...limits, idleMs: MINUTE_MS }), 'expired')
  t.equal(stateOf(loggedIn({ lastSeenAt: at + HOUR_MS }), at + HOUR_MS, grace, { ...limits, absoluteMs: HOUR_MS }), 'expired')
  t.equal(stateOf(loggedIn({ remembered: true }), at + DAY_MS, grace, { ...limits, rememberMs: DAY_MS }), 'expired')
  t.equal(stateOf(loggedIn(), at + HOUR_MS, grace, { ...limits, idleMs: 2 * HOUR_MS }), 'logged in')
})

t.test('it has ended when the account is gone, is disabled, or has ended all of its sessions', async t => {
  t.equal(stateOf(loggedIn(), at, null), 'ended')
  t.equal(stateOf(loggedIn(), at, { ...grace, disabledAt: new Date(at) }), 'ended')
  for (const epoch of [1, 3]) t.equal(stateOf(loggedIn({ epoch }), at), 'ended')
})

t.test('a login from the future is not yet valid, or a clock that was set back would keep it fresh', async t => {
  t.equal(stateOf(loggedIn(), at - 5 * MINUTE_MS), 'logged in', 'another machine may be ahead a little')
  t.strictSame(assess(loggedIn(), grace, limits, at - 5 * MINUTE_MS - 1), { state: 'not yet valid', aheadMs: 5 * MINUTE_MS + 1 })
  t.equal(stateOf(loggedIn({ lastSeenAt: at + HOUR_MS }), at), 'not yet valid')
  t.equal(stateOf(loggedIn({ startedAt: at + HOUR_MS }), at), 'not yet valid')
  t.equal(stateOf(loggedIn({ remembered: true }), at - 300 * DAY_MS), 'not yet valid')
  t.equal(stateOf(loggedIn({ lastSeenAt: at + 25 * HOUR_MS }), at + DAY_MS), 'expired', 'unless it has ended by any clock')
  t.equal(stateOf(loggedIn({ epoch: 1 }), at - HOUR_MS), 'ended', 'or in any case')
})

t.test('a visitor is forgotten after ten minutes; one from the future at once, as pages for visitors need no session', async t => {
  t.equal(stateOf(visitor, at + 10 * MINUTE_MS - 1, null), 'visitor')
  t.equal(stateOf(visitor, at + 10 * MINUTE_MS, null), 'expired')
  t.equal(stateOf(visitor, at - 5 * MINUTE_MS, null), 'visitor')
  t.equal(stateOf(visitor, at - 5 * MINUTE_MS - 1, null), 'expired')
})
