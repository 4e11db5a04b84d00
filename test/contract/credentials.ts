import t, { type Test } from 'tap'
import { changePassword } from '../../src/accounts/change-password.ts'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import type { Credentials } from '../../src/credentials/credentials.ts'
import type { Transact } from '../../src/accounts/transact.ts'
import type { Account, UserRepository } from '../../src/users/user-repository.ts'
import { ada, createUser } from '../create-user.ts'
import type { MovableClock } from './session-store.ts'

export interface CredentialsUnderTest {
  credentials: Credentials
  /** Of the same database. */
  transact: Transact
  users: UserRepository
  clock: MovableClock
  /** The rows of a query that both dialects know. */
  rowsOf: (query: string) => Promise<unknown[]>
  /** Makes every further call fail. */
  break: () => void
}

type Fact = (t: Test, under: CredentialsUnderTest & { user: Account, other: Account }) => Promise<void>

const { passwordHash } = ada
const all = 'select kind, identifier, user_id, secret, label, created_at, last_used_at, data, key_id from credentials order by secret, identifier'

/** The facts that hold for the credentials in every database. */
export function credentialsContract (name: string, open: (t: Test) => Promise<CredentialsUnderTest>): void {
  const fact = (title: string, check: Fact) => {
    t.test(`${name}: ${title}`, async t => {
      const under = await open(t)
      const [user, other] = [await createUser(under.transact, {}, under.clock.now()), await createUser(under.transact, { email: 'eve@example.org' }, under.clock.now())]
      await check(t, { ...under, user, other })
      t.equal(await under.credentials.passwordOf(other.id), passwordHash, 'and nobody else')
    })
  }

  fact('a password is found by its user', async (t, { credentials, user }) => {
    t.equal(await credentials.passwordOf(user.id), passwordHash)
  })

  fact('an id that nobody has finds nothing', async (t, { credentials, user }) => {
    for (const id of [user.email, '', "' or 1=1 --"]) t.equal(await credentials.passwordOf(id), null)
  })

  fact('it is one row, which says since when, and what else is of one kind only says nothing', async (t, { rowsOf, transact, clock, user }) => {
    clock.move(1000)
    await changePassword(transact, { id: user.id }, '$argon2id$two')
    const [, row] = await rowsOf(all) as Array<Record<string, unknown>>
    t.strictSame({ ...row, created_at: Number(row!.created_at) }, {
      kind: 'password', identifier: user.id, user_id: user.id, secret: '$argon2id$two', label: null, created_at: clock.now(), last_used_at: null, data: null, key_id: null
    })
    t.equal((await rowsOf(all)).length, 2)
  })

  fact('a user may have no password', async (t, { credentials, rowsOf, user }) => {
    await rowsOf(`delete from credentials where user_id = '${user.id}' returning kind`)
    t.equal(await credentials.passwordOf(user.id), null)
  })

  fact('a user without a password can be given one', async (t, { credentials, transact, rowsOf, user }) => {
    await rowsOf(`delete from credentials where user_id = '${user.id}' returning kind`)
    t.equal(await changePassword(transact, { id: user.id }, '$argon2id$two'), true)
    t.equal(await credentials.passwordOf(user.id), '$argon2id$two')
  })

  fact('an upgraded hash replaces the one it was made from, and nothing else: no session ends, no row of a user changes', async (t, { credentials, users, rowsOf, clock, user }) => {
    const [before] = await rowsOf(all) as object[]
    clock.move(1000)
    await credentials.upgradePassword(user.id, passwordHash, '$argon2id$two')
    t.equal(await credentials.passwordOf(user.id), '$argon2id$two')
    t.strictSame(await users.findById(user.id), user)
    t.match((await rowsOf(all))[1], { created_at: (before as { created_at: unknown }).created_at })
  })

  fact('a password changed in the meantime stays changed', async (t, { credentials, transact, user }) => {
    await changePassword(transact, { id: user.id }, '$argon2id$two')
    await credentials.upgradePassword(user.id, passwordHash, '$argon2id$three')
    t.equal(await credentials.passwordOf(user.id), '$argon2id$two')
  })

  fact('a change and an upgrade at once leave the changed one', async (t, { credentials, transact, user }) => {
    let hash = passwordHash
    for (let round = 0; round < 20; round++) {
      const changed = `$argon2id$changed-${round}`
      const upgraded = credentials.upgradePassword(user.id, hash, `$argon2id$upgraded-${round}`)
      await Promise.all([upgraded, changePassword(transact, { id: user.id }, changed)])
      t.equal(await credentials.passwordOf(user.id), changed)
      hash = changed
    }
  })

  fact('a credential that is another user\'s is not replaced', async (t, { credentials, transact, users, user, other }) => {
    const raise = { update: 'user' as const, where: { id: user.id }, set: { sessionEpoch: 'raised' as const } }
    const theirs = { kind: 'password' as const, identifier: other.id, userId: user.id, secret: '$argon2id$two' }
    t.equal(await transact([raise, { put: 'credential', values: theirs }]), 'conflict')
    t.strictSame(await users.findById(user.id), user)
    t.equal(await credentials.passwordOf(other.id), passwordHash)
  })

  fact('it goes with its user', async (t, { credentials, transact, rowsOf, user }) => {
    t.equal(await deleteAccount(transact, { id: user.id }), true)
    t.equal(await credentials.passwordOf(user.id), null)
    t.equal((await rowsOf(all)).length, 1)
    await credentials.upgradePassword(user.id, passwordHash, '$argon2id$two')
    t.equal((await rowsOf(all)).length, 1, 'and does not come back')
  })

  t.test(`${name}: when the database fails every call is unavailable, with the cause attached`, async t => {
    const { credentials, break: break_ } = await open(t)
    break_()
    const calls: Array<Promise<unknown>> = [credentials.passwordOf('a'), credentials.upgradePassword('a', 'b', 'c')]
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503, message: /^Accounts cannot be read/, cause: Error }
    for (const call of calls) await t.rejects(call.then(() => {}), unavailable)
  })
}
