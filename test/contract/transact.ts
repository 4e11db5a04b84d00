import t, { type Test } from 'tap'
import { ofPassword, ofSession } from '../../src/accounts/authority.ts'
import { changeEmail } from '../../src/accounts/change-email.ts'
import { changeName } from '../../src/accounts/change-name.ts'
import { changePassword } from '../../src/accounts/change-password.ts'
import { createAccount } from '../../src/accounts/create-account.ts'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import { disableAccount, enableAccount } from '../../src/accounts/disable-account.ts'
import { endAllSessions } from '../../src/accounts/end-sessions.ts'
import type { Credentials } from '../../src/credentials/credentials.ts'
import type { Transact, Write } from '../../src/accounts/transact.ts'
import type { AccountEvents } from '../../src/users/account-events.ts'
import type { Account, UserRepository } from '../../src/users/user-repository.ts'
import { ada, createUser } from '../create-user.ts'
import type { MovableClock } from './session-store.ts'

export interface AccountsUnderTest {
  transact: Transact
  /** Of the same database. */
  users: UserRepository
  credentials: Credentials
  accountEvents: AccountEvents
  clock: MovableClock
  /** Makes every further call fail. */
  break: () => void
}

type Fact = (t: Test, under: AccountsUnderTest & { user: Account, other: Account }) => Promise<void>

const client = { address: '2001:db8::1', device: 'Firefox on Linux' }
const { passwordHash, ...person } = ada
const names = { firstName: 'Augusta', lastName: 'King' }

/** Every change that a session of this user can make, by the authority that it needs. */
const changes: Record<string, (transact: Transact, user: Account) => Promise<unknown>> = {
  name: (transact, user) => changeName(transact, ofSession(user), names, client),
  'the other sessions': (transact, user) => endAllSessions(transact, ofSession(user), client),
  email: async (transact, user) => await changeEmail(transact, ofPassword(user, passwordHash), 'lovelace@example.org', client) === 'done',
  password: (transact, user) => changePassword(transact, ofPassword(user, passwordHash), '$argon2id$two', client),
  account: (transact, user) => deleteAccount(transact, ofPassword(user, passwordHash))
}

/** The facts that hold for changes of accounts in every database. */
export function transactContract (name: string, open: (t: Test) => Promise<AccountsUnderTest>): void {
  const fact = (title: string, check: Fact) => {
    t.test(`${name}: ${title}`, async t => {
      const under = await open(t)
      const [user, other] = [await createUser(under.transact, {}, under.clock.now()), await createUser(under.transact, { email: 'eve@example.org' }, under.clock.now())]
      under.clock.move(1000)
      await check(t, { ...under, user, other })
      t.strictSame(await under.users.findById(other.id), other, 'and nobody else')
      t.strictSame(await under.accountEvents.listOf(other.id), [])
    })
  }
  const eventsOf = async ({ accountEvents }: Pick<AccountsUnderTest, 'accountEvents'>, { id }: Account) => (await accountEvents.listOf(id)).map(({ type }) => type)

  fact('a new account has an id of 128 random bits, and an event when somebody has signed up', async (t, { transact, accountEvents, clock }) => {
    const at = new Date(clock.now())
    const { id, ...rest } = (await createAccount(transact, { ...ada, email: 'bob@example.org' }, at, client))!
    t.match(id, /^[\w-]{22}$/)
    t.strictSame(rest, { ...person, email: 'bob@example.org', sessionEpoch: 1, disabledAt: null, createdAt: at, updatedAt: at })
    t.strictSame(await accountEvents.listOf(id), [{ userId: id, type: 'signed up', ...client, at }])
  })

  fact('an email has one account, also when five take it at once', async (t, { transact, users }) => {
    t.equal(await createAccount(transact, { ...ada, firstName: 'Eve' }, new Date(), client), null)
    const made = await Promise.all([1, 2, 3, 4, 5].map(() => createAccount(transact, { ...ada, email: 'bob@example.org' }, new Date(), client)))
    t.equal(made.filter(user => user !== null).length, 1)
    t.equal(await users.count(), 3)
  })

  fact('a change is there together with its event', async (t, { transact, users, accountEvents, clock, user }) => {
    t.equal(await changeName(transact, ofSession(user), names, client), true)
    t.strictSame(await users.findById(user.id), { ...user, ...names, updatedAt: new Date(clock.now()) })
    t.strictSame(await accountEvents.listOf(user.id), [{ userId: user.id, type: 'profile changed', ...client, at: new Date(clock.now()) }])
  })

  fact('a new email takes the place of the old one, which is free again', async (t, { transact, users, user }) => {
    t.equal(await changeEmail(transact, ofPassword(user, passwordHash), 'lovelace@example.org', client), 'done')
    t.match(await users.findByEmail('lovelace@example.org'), { id: user.id, sessionEpoch: 1 })
    t.equal(await users.findByEmail(ada.email), null)
    t.ok(await createUser(transact))
  })

  fact("an email that somebody else has is taken, one's own is not, and of two who take one at once one gets it", async (t, { transact, users, user, other }) => {
    t.equal(await changeEmail(transact, ofPassword(user, passwordHash), other.email, client), 'email taken')
    t.strictSame(await users.findById(user.id), user)
    const third = await createUser(transact, { email: 'bob@example.org' })
    const outcomes = await Promise.all([user, third].map(user => changeEmail(transact, ofPassword(user, passwordHash), 'both@example.org', client)))
    t.strictSame(outcomes.toSorted(), ['done', 'email taken'])
    t.equal(await changeEmail(transact, ofPassword(user, passwordHash), (await users.findById(user.id))!.email, client), 'done')
  })

  fact('a changed password ends every session of its user, in the same write', async (t, under) => {
    const { transact, credentials, users, clock, user } = under
    t.equal(await changePassword(transact, ofPassword(user, passwordHash), '$argon2id$two', client), true)
    t.strictSame(await users.findById(user.id), { ...user, sessionEpoch: 2, updatedAt: new Date(clock.now()) })
    t.equal(await credentials.passwordOf(user.id), '$argon2id$two')
    t.strictSame(await eventsOf(under, user), ['password changed'])
  })

  fact('ended sessions are one write, also when there is nothing to tell', async (t, under) => {
    const { transact, credentials, users, user } = under
    t.equal(await endAllSessions(transact, ofSession(user), client), true)
    t.equal(await endAllSessions(transact, { id: user.id }), true)
    t.match(await users.findById(user.id), { sessionEpoch: 3 })
    t.equal(await credentials.passwordOf(user.id), passwordHash)
    t.strictSame(await eventsOf(under, user), ['session revoked'])
  })

  fact('a raised epoch is one more each time, also when raised at once', async (t, { transact, users, user }) => {
    await Promise.all([1, 2, 3].map(() => endAllSessions(transact, { id: user.id })))
    t.equal((await users.findById(user.id))!.sessionEpoch, 4)
  })

  fact('an operator changes a password whatever it was, which is no event of the account', async (t, under) => {
    const { transact, credentials, users, user } = under
    await changePassword(transact, ofPassword(user, passwordHash), '$argon2id$two')
    t.equal(await changePassword(transact, { id: user.id }, '$argon2id$three'), true)
    t.match(await users.findById(user.id), { sessionEpoch: 3 })
    t.equal(await credentials.passwordOf(user.id), '$argon2id$three')
    t.strictSame(await eventsOf(under, user), [])
  })

  fact('disabling ends every session, and enabling brings none back', async (t, { transact, users, clock, user }) => {
    const at = new Date(clock.now())
    t.equal(await disableAccount(transact, user.id, at), true)
    t.match(await users.findById(user.id), { disabledAt: at, sessionEpoch: 2 })
    t.equal(await enableAccount(transact, user.id), true)
    t.strictSame(await users.findById(user.id), { ...user, sessionEpoch: 2, updatedAt: at })
  })

  fact('a deleted user is gone with their events, and the email is free for somebody new', async (t, under) => {
    const { transact, users, user } = under
    await changeName(transact, ofSession(user), names, client)
    t.equal(await deleteAccount(transact, ofPassword(user, passwordHash)), true)
    t.equal(await users.findById(user.id), null)
    t.strictSame(await eventsOf(under, user), [])
    t.not((await createUser(transact)).id, user.id)
  })

  const before: Record<string, (under: AccountsUnderTest, user: Account) => Promise<unknown>> = {
    'all sessions were ended': ({ transact }, { id }) => endAllSessions(transact, { id }),
    'the password was changed': ({ transact }, user) => changePassword(transact, ofPassword(user, passwordHash), '$argon2id$three', client),
    'an operator disabled the account': ({ transact }, { id }) => disableAccount(transact, id, new Date()),
    'an operator disabled and enabled it': async ({ transact }, { id }) => await disableAccount(transact, id, new Date()) && await enableAccount(transact, id),
    'the account was deleted': ({ transact }, { id }) => deleteAccount(transact, { id })
  }
  for (const [what, happen] of Object.entries(before)) {
    fact(`after ${what} nothing is changed by the authority of before`, async (t, under) => {
      await happen(under, under.user)
      const [row, events] = [await under.users.findById(under.user.id), await eventsOf(under, under.user)]
      for (const [change, make] of Object.entries(changes)) t.equal(await make(under.transact, under.user), false, change)
      t.strictSame(await under.users.findById(under.user.id), row)
      t.strictSame(await eventsOf(under, under.user), events)
    })
  }

  fact('what takes the password changes nothing once its hash is another, also within one epoch', async (t, under) => {
    const { transact, credentials, users, user } = under
    await credentials.upgradePassword(user.id, passwordHash, '$argon2id$two')
    const row = await users.findById(user.id)
    for (const change of ['email', 'password', 'account']) t.equal(await changes[change]!(transact, user), false, change)
    t.strictSame(await users.findById(user.id), row)
    t.equal(await changes.name!(transact, user), true, 'a name takes none')
  })

  fact('an operator changes nothing about a user who is gone', async (t, { transact, users, user: { id } }) => {
    await deleteAccount(transact, { id })
    const made = [deleteAccount(transact, { id }), changePassword(transact, { id }, '$argon2id$two'), disableAccount(transact, id, new Date()), enableAccount(transact, id), endAllSessions(transact, { id })]
    t.strictSame(await Promise.all(made), made.map(() => false))
    t.equal(await users.findById(id), null)
  })

  fact('of two changes of one password at once, one wins and the other changes nothing', async (t, under) => {
    const { transact, credentials, users, user } = under
    const hashes = ['$argon2id$two', '$argon2id$three']
    const made = await Promise.all(hashes.map(hash => changePassword(transact, ofPassword(user, passwordHash), hash, client)))
    t.strictSame(made.toSorted(), [false, true])
    t.match(await users.findById(user.id), { sessionEpoch: 2 })
    t.equal(await credentials.passwordOf(user.id), hashes[made.indexOf(true)])
    t.strictSame(await eventsOf(under, user), ['password changed'])
  })

  for (const [one, another] of pairsOf(Object.keys(changes))) {
    fact(`${one} and ${another} changed at once are as if one had come after the other`, async (t, under) => {
      const { transact, users, user } = under
      const isMade = await Promise.all([one, another].map(change => changes[change]!(transact, user)))
      t.ok(isMade.includes(true))
      const row = await users.findById(user.id)
      const ends = (change: string, at: number) => isMade[at] && change === 'account'
      t.equal(row === null, [one, another].some(ends), 'gone when the deletion won')
      const raises = [one, another].filter((change, at) => isMade[at] && ['password', 'the other sessions'].includes(change))
      t.ok(raises.length < 2, 'an epoch is left only once')
      if (row !== null) t.equal(row.sessionEpoch, 1 + raises.length)
      t.equal((await eventsOf(under, user)).length, row === null ? 0 : isMade.filter(made => made).length, 'an event for each that was made')
    })
  }

  fact('of a list that ends in a conflict nothing is made, wherever the conflict is', async (t, under) => {
    const { transact, users, user, other } = under
    const rename: Write = { update: 'user', where: { id: user.id }, set: names }
    const event: Write = { insert: 'event', values: { userId: user.id, type: 'profile changed', ...client } }
    const nobody: Write = { delete: 'user', where: { id: 'nobody' } }
    for (const list of [[nobody, rename, event], [rename, nobody, event], [rename, event, nobody]]) t.equal(await transact(list), 'conflict')
    t.equal(await transact([rename, event, { update: 'user', where: { id: user.id }, set: { email: other.email } }]), 'email taken')
    t.strictSame(await users.findById(user.id), user)
    t.strictSame(await eventsOf(under, user), [])
    t.equal(await transact([rename, event]), 'done', 'and the next one is made')
  })

  fact('names that look like code are kept as they are', async (t, { transact, users, user }) => {
    const evil = { firstName: "'); drop table users; -- 😀 <b>", lastName: '\\' }
    await changeName(transact, ofSession(user), evil, client)
    t.match(await users.findById(user.id), evil)
  })

  t.test(`${name}: when the database fails a change is unavailable, with the cause attached`, async t => {
    const { transact, break: break_ } = await open(t)
    const user = await createUser(transact)
    break_()
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503, message: /^Accounts cannot be read/, cause: Error }
    for (const [change, make] of Object.entries(changes)) await t.rejects(make(transact, user).then(() => {}), unavailable, change)
  })
}

function pairsOf (names: string[]): Array<[string, string]> {
  return names.flatMap((one, at) => names.slice(at + 1).map((another): [string, string] => [one, another]))
}
