import t, { type Test } from 'tap'
import { endAllSessions } from '../../src/accounts/end-sessions.ts'
import type { Transact } from '../../src/accounts/transact.ts'
import type { UserRepository } from '../../src/users/user-repository.ts'
import { ada, createUser } from '../create-user.ts'
import type { MovableClock } from './session-store.ts'

export interface UsersUnderTest {
  users: UserRepository
  /** Of the same database. */
  transact: Transact
  clock: MovableClock
  /** Makes every further call fail. */
  break: () => void
}

/** The facts that hold for every table of users. */
export function userRepositoryContract (name: string, open: (t: Test) => Promise<UsersUnderTest>): void {
  const fact = (title: string, check: (t: Test, under: UsersUnderTest) => Promise<void>) => {
    t.test(`${name}: ${title}`, async t => check(t, await open(t)))
  }

  fact('a user is found by id and by email, and is as they were made', async (t, { users, transact }) => {
    const user = await createUser(transact)
    t.strictSame(await users.findById(user.id), user)
    t.strictSame(await users.findByEmail(ada.email), user)
  })

  fact('an id and an email that nobody has find nobody', async (t, { users, transact }) => {
    await createUser(transact)
    t.equal(await users.findById('ada@example.org'), null)
    t.equal(await users.findByEmail('eve@example.org'), null)
    t.equal(await users.findByEmail("' or 1=1 --"), null)
  })

  fact('every session of everybody ends', async (t, { users, transact }) => {
    t.equal(await users.raiseEverySessionEpoch(), 0)
    const user = await createUser(transact)
    const other = await createUser(transact, { email: 'eve@example.org' })
    await endAllSessions(transact, { id: other.id })
    t.equal(await users.raiseEverySessionEpoch(), 2)
    t.equal((await users.findById(user.id))!.sessionEpoch, 2)
    t.equal((await users.findById(other.id))!.sessionEpoch, 3)
  })

  fact('the sessions of many end in several batches, once each, and each batch is reported', async (t, { users, transact }) => {
    for (let at = 0; at < 25; at++) await createUser(transact, { email: `user${at}@example.org` })
    const done: number[] = []
    t.equal(await users.raiseEverySessionEpoch(count => { done.push(count) }), 25)
    t.equal(done[0], 10)
    t.equal(done.at(-1), 25)
    t.ok((await users.list({ limit: 100 })).every(({ sessionEpoch }) => sessionEpoch === 2))
  })

  fact('users are listed by email, a page at a time', async (t, { users, transact }) => {
    t.strictSame(await users.list({ limit: 10 }), [])
    for (const name of ['eve', 'bob', 'dan', 'ada', 'cho']) await createUser(transact, { email: `${name}@example.org` })
    const emails = async (options: { limit: number, after?: string }) => (await users.list(options)).map(({ email }) => email.slice(0, 3))
    t.strictSame(await emails({ limit: 2 }), ['ada', 'bob'])
    t.strictSame(await emails({ limit: 2, after: 'bob@example.org' }), ['cho', 'dan'])
    t.strictSame(await emails({ limit: 2, after: 'dan@example.org' }), ['eve'])
    t.strictSame(await emails({ limit: 2, after: 'eve@example.org' }), [])
    t.strictSame((await users.list({ limit: 1 }))[0], await users.findByEmail('ada@example.org'))
  })

  fact('users are counted', async (t, { users, transact }) => {
    t.equal(await users.count(), 0)
    await createUser(transact)
    await createUser(transact, { email: 'eve@example.org' })
    t.equal(await users.count(), 2)
  })

  fact('a ping is answered', async (t, { users }) => {
    await t.resolves(users.ping())
    await t.resolves(users.close())
  })

  fact('when the database fails every call is unavailable, with the cause attached', async (t, { users, break: break_ }) => {
    break_()
    const calls: Array<Promise<unknown>> = [
      users.findById('a'), users.findByEmail('a'), users.ping(),
      users.raiseEverySessionEpoch(), users.list({ limit: 1 }), users.count()
    ]
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503, message: /^Accounts cannot be read/, cause: Error }
    for (const call of calls) await t.rejects(call.then(() => {}), unavailable)
  })
}
