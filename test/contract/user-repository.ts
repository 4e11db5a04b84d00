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

  fact('a ping is answered', async (t, { users }) => {
    await t.resolves(users.ping())
    await t.resolves(users.close())
  })

  fact('when the database fails every call is unavailable, with the cause attached', async (t, { users, break: break_ }) => {
    break_()
    const calls: Array<Promise<unknown>> = [
      users.findById('a'), users.findByEmail('a'), users.create(ada), users.upgradePasswordHash('a', 'b', 'c'), users.ping()
    ]
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503, message: /^Accounts cannot be read/, cause: Error }
    for (const call of calls) await t.rejects(call.then(() => {}), unavailable)
  })
}
