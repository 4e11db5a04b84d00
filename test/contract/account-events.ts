import t, { type Test } from 'tap'
import { KEPT_MS, type AccountEvent, type AccountEvents } from '../../src/users/account-events.ts'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import type { Transact } from '../../src/accounts/transact.ts'
import { createUser } from '../create-user.ts'
import type { KeptLog, MovableClock } from './session-store.ts'

export interface EventsUnderTest {
  events: AccountEvents
  /** Of the same database. */
  transact: Transact
  clock: MovableClock
  log: KeptLog
  /** Makes every further call fail. */
  break: () => void
}

/** The facts that hold wherever events are kept. */
export function accountEventsContract (name: string, open: (t: Test) => Promise<EventsUnderTest>): void {
  const fact = (title: string, check: (t: Test, under: EventsUnderTest & { loggedIn: AccountEvent }) => Promise<void>) => {
    t.test(`${name}: ${title}`, async t => {
      const under = await open(t)
      const { id } = await createUser(under.transact)
      await check(t, { ...under, loggedIn: { userId: id, type: 'logged in', address: '2001:db8::1', device: 'Firefox on Linux' } })
    })
  }

  fact('what was recorded is listed, with the time at which it happened', async (t, { events, clock, loggedIn }) => {
    events.record(loggedIn)
    const at = new Date(clock.now())
    clock.move(1000)
    t.strictSame(await events.listOf(loggedIn.userId), [{ ...loggedIn, at }])
  })

  fact('the latest comes first, also of one moment', async (t, { events, clock, loggedIn }) => {
    events.record(loggedIn)
    events.record({ ...loggedIn, type: 'profile changed' })
    await events.flush()
    clock.move(1)
    events.record({ ...loggedIn, type: 'logged out' })
    const types = async (limit?: number) => (await events.listOf(loggedIn.userId, limit)).map(({ type }) => type)
    t.strictSame(await types(), ['logged out', 'profile changed', 'logged in'])
    t.strictSame(await types(2), ['logged out', 'profile changed'])
  })

  fact('of very many, the latest two thousand are listed', async (t, { events, clock, loggedIn }) => {
    for (const count of [1, 1000, 1000]) {
      for (let at = 0; at < count; at++) events.record(loggedIn)
      await events.flush()
      clock.move(1)
    }
    const listed = await events.listOf(loggedIn.userId)
    t.equal(listed.length, 2000)
    t.equal(listed.at(-1)!.at.getTime(), clock.now() - 2)
  })

  fact('one sees only what happened to oneself', async (t, { events, transact, loggedIn }) => {
    const eve = await createUser(transact, { email: 'eve@example.org' })
    events.record(loggedIn)
    t.strictSame(await events.listOf(eve.id), [])
    t.strictSame(await events.listOf("' or 1=1 --"), [])
  })

  fact('names that look like code are kept as they are', async (t, { events, loggedIn }) => {
    const device = "'); drop table users; -- 😀 <b>"
    events.record({ ...loggedIn, device })
    t.match(await events.listOf(loggedIn.userId), [{ device }])
  })

  fact('events go with their user', async (t, { events, transact, loggedIn }) => {
    events.record(loggedIn)
    await events.flush()
    await deleteAccount(transact, { id: loggedIn.userId })
    t.strictSame(await events.listOf(loggedIn.userId), [])
  })

  fact('events that wait while their user is deleted are left out, and those of others are kept', async (t, { events, transact, log, loggedIn }) => {
    const eve = await createUser(transact, { email: 'eve@example.org' })
    events.record(loggedIn)
    events.record({ ...loggedIn, userId: eve.id })
    await deleteAccount(transact, { id: loggedIn.userId })
    t.equal((await events.listOf(eve.id)).length, 1)
    t.strictSame(await events.listOf(loggedIn.userId), [])
    events.record(loggedIn)
    await events.flush()
    t.strictSame(log.lines, [])
  })

  fact('many at once are all written, up to a bound; beyond it they are dropped, and the log says so once', async (t, { events, log, loggedIn }) => {
    for (let count = 0; count < 1005; count++) events.record(loggedIn)
    t.equal((await events.listOf(loggedIn.userId)).length, 1000)
    t.match(log.lines, [{ events: 5, message: /dropped/ }])
    events.record(loggedIn)
    t.equal((await events.listOf(loggedIn.userId)).length, 1001)
    t.equal(log.lines.length, 1)
  })

  fact('what is older than 90 days is swept, in batches, and the rest stays', async (t, { events, clock, loggedIn }) => {
    for (let count = 0; count < 450; count++) events.record({ ...loggedIn, type: 'login failed' })
    await events.flush()
    clock.move(1)
    events.record(loggedIn)
    await events.flush()
    clock.move(KEPT_MS)
    t.equal(await events.sweep(), 450)
    t.match(await events.listOf(loggedIn.userId), [{ type: 'logged in' }])
    t.equal(await events.sweep(), 0)
  })

  fact('when the database fails, recording does not: it is logged, and what still waits at the end is counted', async (t, { events, log, loggedIn, break: break_ }) => {
    break_()
    events.record(loggedIn)
    await t.resolves(events.flush())
    t.match(log.lines, [{ err: { code: 'USERS_UNAVAILABLE' }, events: 1 }])
    t.equal(events.dropped(), 0)
    await events.close()
    t.equal(events.dropped(), 1)
    for (const call of [events.listOf(loggedIn.userId), events.sweep()]) {
      await t.rejects(call.then(() => {}), { code: 'USERS_UNAVAILABLE', statusCode: 503, cause: Error })
    }
  })
}
