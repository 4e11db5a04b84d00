import t, { type Test } from 'tap'
import { endSessions, type SessionsToEnd } from '../../src/accounts/end-sessions.ts'
import { SessionsUnavailable } from '../../src/errors.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { movableClock, newSession } from '../contract/session-store.ts'

/** Two sessions of Grace, one of Ada, and one of a visitor. */
async function openStore () {
  const clock = movableClock()
  const sessions = memorySessionStore(clock)
  const [phone, laptop, ada, visitor] = [newSession(clock, {}, 'grace'), newSession(clock, {}, 'grace'), newSession(clock, {}, 'ada'), newSession(clock, {}, null)]
  for (const session of [phone, laptop, ada, visitor]) await sessions.create(session)
  const [all, there] = [{ phone, laptop, ada, visitor }, async () => {
    const found = await Promise.all(Object.entries(all).map(async ([name, { handle }]) => await sessions.read(handle) === null ? [] : [name]))
    return found.flat().join(' ')
  }]
  return { sessions, there, phone: phone.handle, ada: ada.handle, visitor: visitor.handle }
}

async function ends (t: Test, which: (handles: Record<'phone' | 'ada' | 'visitor', string>) => SessionsToEnd, count: number, left: string) {
  const { sessions, there, ...handles } = await openStore()
  const events: number[] = []
  const onEnded = (count: number) => { events.push(count) }
  t.equal(await endSessions({ sessions, onEnded }, which(handles)), count)
  t.equal(await there(), left)
  t.strictSame(events, count > 0 ? [count] : [], 'one event, unless nothing ended')
}

t.test('one session ends, whoever has it', async t => {
  await ends(t, ({ phone }) => ({ handle: phone }), 1, 'laptop ada visitor')
  await ends(t, ({ visitor }) => ({ handle: visitor }), 1, 'phone laptop ada')
})

t.test('one of a user ends only if it is theirs', async t => {
  await ends(t, ({ phone }) => ({ userId: 'grace', handle: phone }), 1, 'laptop ada visitor')
  await ends(t, ({ ada }) => ({ userId: 'grace', handle: ada }), 0, 'phone laptop ada visitor')
  await ends(t, () => ({ userId: 'grace', handle: 'nothing' }), 0, 'phone laptop ada visitor')
})

t.test('all of a user end, or all but one', async t => {
  await ends(t, () => ({ userId: 'grace' }), 2, 'ada visitor')
  await ends(t, ({ phone }) => ({ userId: 'grace', except: phone }), 1, 'phone ada visitor')
  await ends(t, () => ({ userId: 'nobody' }), 0, 'phone laptop ada visitor')
})

t.test('all of many users end, and no visitor\'s', async t => {
  await ends(t, () => ({ userIds: ['grace', 'ada', 'nobody'] }), 3, 'visitor')
})

t.test('while the store does not answer nothing is told to have ended', async t => {
  const { sessions } = await openStore()
  sessions.revoke = async () => { throw new SessionsUnavailable() }
  await t.rejects(endSessions({ sessions, onEnded: () => t.fail('an event') }, { handle: 'a' }), { code: 'SESSIONS_UNAVAILABLE' })
})
