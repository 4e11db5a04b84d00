import t, { type Test } from 'tap'
import type { NewUser, User, UserRepository } from '../../src/users/user-repository.ts'
import type { MovableClock } from './session-store.ts'

export interface UsersUnderTest {
  users: UserRepository
  clock: MovableClock
  /** Makes every further call fail. */
  break: () => void
}

const ada: NewUser = { firstName: 'Ada', lastName: "O'Lovelace 😀", email: 'ada@example.org', passwordHash: '$argon2id$one' }

/** The facts that hold for every table of users. */
export function userRepositoryContract (name: string, open: (t: Test) => Promise<UsersUnderTest>): void {
  const fact = (title: string, check: (t: Test, under: UsersUnderTest) => Promise<void>) => {
    t.test(`${name}: ${title}`, async t => check(t, await open(t)))
  }

  fact('a new user is found by id and by email', async (t, { users, clock }) => {
    const user = await users.create(ada) as User
    const created = new Date(clock.now())
    const { id, ...rest } = user
    t.match(id, /^[\w-]{22}$/)
    t.strictSame(rest, { ...ada, sessionEpoch: 1, disabledAt: null, createdAt: created, updatedAt: created })
    t.strictSame(await users.findById(id), user)
    t.strictSame(await users.findByEmail(ada.email), user)
  })

  fact('an id and an email that nobody has find nobody', async (t, { users }) => {
    await users.create(ada)
    t.equal(await users.findById('ada@example.org'), null)
    t.equal(await users.findByEmail('eve@example.org'), null)
    t.equal(await users.findByEmail("' or 1=1 --"), null)
  })

  fact('an email has one account', async (t, { users }) => {
    const first = await users.create(ada)
    t.equal(await users.create({ ...ada, firstName: 'Eve', passwordHash: '$argon2id$two' }), null)
    t.strictSame(await users.findByEmail(ada.email), first)
    t.ok(await users.create({ ...ada, email: 'eve@example.org' }))
  })

  fact('parallel sign-ups of one email make one user', async (t, { users }) => {
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map(() => users.create(ada)))
    t.equal(outcomes.filter(user => user !== null).length, 1)
  })

  fact('an upgraded hash replaces the one it was made from', async (t, { users, clock }) => {
    const user = await users.create(ada) as User
    const other = await users.create({ ...ada, email: 'eve@example.org' }) as User
    clock.move(1000)
    await users.upgradePasswordHash(user.id, '$argon2id$one', '$argon2id$two')
    const upgraded = { ...user, passwordHash: '$argon2id$two', updatedAt: new Date(clock.now()) }
    t.strictSame(await users.findById(user.id), upgraded)
    t.strictSame(await users.findById(other.id), other)
  })

  fact('a password changed in the meantime stays changed', async (t, { users }) => {
    const user = await users.create(ada) as User
    await users.upgradePasswordHash(user.id, '$argon2id$older', '$argon2id$two')
    t.strictSame(await users.findById(user.id), user)
  })

  fact('a renamed user has the new name, and nobody else', async (t, { users, clock }) => {
    const { user, other } = await two(users)
    clock.move(1000)
    t.equal(await users.rename(user.id, { firstName: 'Augusta', lastName: 'King' }), true)
    t.strictSame(await users.findById(user.id), { ...user, firstName: 'Augusta', lastName: 'King', updatedAt: new Date(clock.now()) })
    t.strictSame(await users.findById(other.id), other)
  })

  fact('a new email takes the place of the old one, which is free again', async (t, { users, clock }) => {
    const { user, other } = await two(users)
    clock.move(1000)
    t.equal(await users.changeEmail(user.id, 'lovelace@example.org'), true)
    const changed = { ...user, email: 'lovelace@example.org', updatedAt: new Date(clock.now()) }
    t.strictSame(await users.findByEmail('lovelace@example.org'), changed)
    t.equal(await users.findByEmail(ada.email), null)
    t.strictSame(await users.findById(other.id), other)
    t.ok(await users.create(ada))
  })

  fact('an email that somebody else has is refused, one\'s own is not', async (t, { users }) => {
    const { user, other } = await two(users)
    t.equal(await users.changeEmail(user.id, other.email), false)
    t.strictSame(await users.findById(user.id), user)
    t.equal(await users.changeEmail(user.id, ada.email), true)
  })

  fact('of two users who take one email at once, one gets it', async (t, { users }) => {
    const { user, other } = await two(users)
    const outcomes = await Promise.all([user, other].map(({ id }) => users.changeEmail(id, 'both@example.org')))
    t.strictSame(outcomes.toSorted(), [false, true])
  })

  fact('a changed password ends every session of its user, in the same write', async (t, { users, clock }) => {
    const { user, other } = await two(users)
    clock.move(1000)
    const changed = { ...user, passwordHash: '$argon2id$two', sessionEpoch: 2, updatedAt: new Date(clock.now()) }
    t.strictSame(await users.changePassword(user.id, ada.passwordHash, '$argon2id$two'), changed)
    t.strictSame(await users.findById(user.id), changed)
    t.strictSame(await users.findById(other.id), other)
  })

  fact('of two changes of one password, one wins and the other changes nothing', async (t, { users }) => {
    const { user } = await two(users)
    const outcomes = await Promise.all(['$argon2id$two', '$argon2id$three'].map(to => users.changePassword(user.id, ada.passwordHash, to)))
    const winners = outcomes.filter(outcome => outcome !== null)
    t.equal(winners.length, 1)
    t.strictSame(await users.findById(user.id), winners[0])
  })

  fact('an operator sets a password whatever it was, and every session ends', async (t, { users }) => {
    const { user, other } = await two(users)
    t.equal(await users.setPassword(user.id, '$argon2id$two'), true)
    t.match(await users.findById(user.id), { passwordHash: '$argon2id$two', sessionEpoch: 2 })
    t.strictSame(await users.findById(other.id), other)
  })

  fact('disabling ends every session, and enabling brings none back', async (t, { users, clock }) => {
    const { user, other } = await two(users)
    t.equal(await users.setDisabled(user.id, true), true)
    t.match(await users.findById(user.id), { disabledAt: new Date(clock.now()), sessionEpoch: 2 })
    t.equal(await users.setDisabled(user.id, false), true)
    t.strictSame(await users.findById(user.id), { ...user, sessionEpoch: 2 })
    t.strictSame(await users.findById(other.id), other)
  })

  fact('a raised epoch is one more each time, also when raised at once', async (t, { users }) => {
    const { user, other } = await two(users)
    await Promise.all([1, 2, 3].map(() => users.raiseSessionEpoch(user.id)))
    t.equal((await users.findById(user.id))!.sessionEpoch, 4)
    t.strictSame(await users.findById(other.id), other)
  })

  fact('every session of everybody ends at once', async (t, { users }) => {
    t.equal(await users.raiseEverySessionEpoch(), 0)
    const { user, other } = await two(users)
    await users.raiseSessionEpoch(other.id)
    t.equal(await users.raiseEverySessionEpoch(), 2)
    t.equal((await users.findById(user.id))!.sessionEpoch, 2)
    t.equal((await users.findById(other.id))!.sessionEpoch, 3)
  })

  fact('a deleted user is gone, and the email is free for somebody new', async (t, { users }) => {
    const { user, other } = await two(users)
    t.equal(await users.delete(user.id), true)
    t.equal(await users.findById(user.id), null)
    t.equal(await users.findByEmail(ada.email), null)
    t.not((await users.create(ada))!.id, user.id)
    t.strictSame(await users.findById(other.id), other)
  })

  fact('nothing can be changed about a user who is gone', async (t, { users }) => {
    const { user, other } = await two(users)
    await users.delete(user.id)
    t.equal(await users.delete(user.id), false)
    t.equal(await users.rename(user.id, { firstName: 'Augusta', lastName: 'King' }), false)
    t.equal(await users.changeEmail(user.id, 'lovelace@example.org'), false)
    t.equal(await users.changePassword(user.id, ada.passwordHash, '$argon2id$two'), null)
    t.equal(await users.setPassword(user.id, '$argon2id$two'), false)
    t.equal(await users.setDisabled(user.id, true), false)
    t.equal(await users.raiseSessionEpoch(user.id), false)
    t.equal(await users.findById(user.id), null)
    t.strictSame(await users.findById(other.id), other)
  })

  fact('users are listed by email, a page at a time', async (t, { users }) => {
    t.strictSame(await users.list({ limit: 10 }), [])
    for (const name of ['eve', 'bob', 'dan', 'ada', 'cho']) await users.create({ ...ada, email: `${name}@example.org` })
    const emails = async (options: { limit: number, after?: string }) => (await users.list(options)).map(({ email }) => email.slice(0, 3))
    t.strictSame(await emails({ limit: 2 }), ['ada', 'bob'])
    t.strictSame(await emails({ limit: 2, after: 'bob@example.org' }), ['cho', 'dan'])
    t.strictSame(await emails({ limit: 2, after: 'dan@example.org' }), ['eve'])
    t.strictSame(await emails({ limit: 2, after: 'eve@example.org' }), [])
    t.strictSame((await users.list({ limit: 1 }))[0], await users.findByEmail('ada@example.org'))
  })

  fact('users are counted', async (t, { users }) => {
    t.equal(await users.count(), 0)
    await two(users)
    t.equal(await users.count(), 2)
  })

  fact('a ping is answered', async (t, { users }) => {
    await t.resolves(users.ping())
    await t.resolves(users.close())
  })

  fact('when the database fails every call is unavailable, with the cause attached', async (t, { users, break: break_ }) => {
    break_()
    const calls: Array<Promise<unknown>> = [
      users.findById('a'), users.findByEmail('a'), users.create(ada), users.upgradePasswordHash('a', 'b', 'c'), users.ping(),
      users.rename('a', { firstName: 'b', lastName: 'c' }), users.changeEmail('a', 'b'), users.changePassword('a', 'b', 'c'),
      users.setPassword('a', 'b'), users.setDisabled('a', true), users.raiseSessionEpoch('a'), users.raiseEverySessionEpoch(),
      users.delete('a'), users.list({ limit: 1 }), users.count()
    ]
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503, message: /^Accounts cannot be read/, cause: Error }
    for (const call of calls) await t.rejects(call.then(() => {}), unavailable)
  })
}

async function two (users: UserRepository) {
  return { user: (await users.create(ada))!, other: (await users.create({ ...ada, email: 'eve@example.org' }))! }
}
