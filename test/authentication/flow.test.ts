import { hash } from '@node-rs/argon2'
import t from 'tap'
import { signUp } from '../../src/accounts/sign-up.ts'
import type { Credentials } from '../../src/credentials/credentials.ts'
import type { Outcome, Write } from '../../src/accounts/transact.ts'
import { attemptOf } from '../../src/authentication/attempt.ts'
import { beginLogin, isComplete, prove } from '../../src/authentication/flow.ts'
import { passwordMethod } from '../../src/authentication/methods/password.ts'
import { TooManyAttempts, UsersUnavailable } from '../../src/errors.ts'
import { openPasswords, type Passwords } from '../../src/credentials/passwords.ts'
import { canonicalEmail } from '../../src/users/email-address.ts'
import type { Account, UserRepository } from '../../src/users/user-repository.ts'

const password = 'nanoseconds are short wires'
const client = { address: '::1', device: 'Firefox on Linux' }
const grace = { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.com' }

interface Row {
  account: Account
  passwordHash: string | null
}

/** A table of users and one of their passwords, which tell what they were asked. */
class Tables implements Pick<UserRepository, 'findByEmail'>, Credentials {
  readonly rows: Row[] = []
  readonly asked: string[] = []

  async findByEmail (email: string) {
    this.asked.push(`user of ${email}`)
    const row = this.rows.find(({ account }) => account.email === email)
    return row ? { ...row.account } : null
  }

  async passwordOf (id: string) {
    this.asked.push(`password of ${id}`)
    return this.rows.find(({ account }) => account.id === id)?.passwordHash ?? null
  }

  transact = async (writes: Write[]): Promise<Outcome> => {
    const [account] = writes.flatMap(write => 'insert' in write && write.insert === 'user' ? write.values : [])
    const [password] = writes.flatMap(write => 'put' in write ? write.values : [])
    if (account === undefined || password?.userId !== account.id || this.rows.some(row => row.account.email === account.email)) return 'email taken'
    this.rows.push({ account, passwordHash: password.secret })
    return 'done'
  }

  async upgradePassword (id: string, from: string, to: string) {
    const row = this.rows.find(({ account, passwordHash }) => account.id === id && passwordHash === from)
    if (row) row.passwordHash = to
  }
}

/** Real passwords that tell what work was done. */
function counted (passwords: Passwords) {
  const work: string[] = []
  const counting: Passwords = {
    ...passwords,
    hash: password => { work.push('hash'); return passwords.hash(password) },
    verify: (passwordHash, password) => { work.push(passwords.isOutdated(passwordHash) ? 'verify an outdated one' : 'verify'); return passwords.verify(passwordHash, password) }
  }
  return { work, passwords: counting }
}

/** The first step of a login, with what is counted for it. */
async function logIn (users: Tables, passwords: Passwords, typed: { email: string, password: string }, work: string[] = []) {
  const method = passwordMethod({ credentials: users, now: Date.now })
  const counter = {
    consume: async (account: Readonly<Account> | null) => { work.push(`count ${account?.id}`) },
    recordFailure: (account: Readonly<Account> | null) => { work.push(`fail ${account?.id}`) }
  }
  return await beginLogin(users, { method, passwords, counter }, { ...typed, remember: false, returnTo: null })
}

function partsOf (users: Tables, passwords: Passwords) {
  return { users, transact: users.transact, passwords, now: Date.now }
}

async function signedUp () {
  const users = new Tables()
  const { work, passwords } = counted(await openPasswords())
  const user = await signUp(partsOf(users, passwords), { ...grace, password }, client)
  work.length = users.asked.length = 0
  return { users, passwords, work, user: user! }
}

t.test('the right credentials find the user, however the email is typed', async t => {
  const { users, passwords, user } = await signedUp()
  for (const email of ['grace@example.com', ' Grace@EXAMPLE.com ', 'grace@ｅxample.com']) {
    t.match(await logIn(users, passwords, { email, password }), { userId: user.id, epoch: 1, proofs: [{ method: 'pwd' }] })
  }
})

t.test('whatever is wrong, the answer is the same after the same work', async t => {
  const { users, passwords, work, user } = await signedUp()
  const { passwordHash } = users.rows[0]!
  users.rows.push({ account: { ...user, id: 'disabled', email: 'disabled@example.com', disabledAt: new Date() }, passwordHash })
  users.rows.push({ account: { ...user, id: 'without', email: 'without@example.com' }, passwordHash: null })
  const wrong = {
    'an unknown email': { email: 'ada@example.com', password },
    'a wrong password': { email: grace.email, password: 'another fifteen letters' },
    'a disabled account': { email: 'disabled@example.com', password },
    'a disabled account and a wrong password': { email: 'disabled@example.com', password: 'x' },
    'what is no email': { email: 'grace', password },
    'an empty email': { email: '', password },
    'an email that is far too long': { email: `${'g'.repeat(10_000)}@example.com`, password },
    'an empty password': { email: grace.email, password: '' },
    'the hash as password': { email: grace.email, password: passwordHash! },
    'an account without a password': { email: 'without@example.com', password }
  }
  for (const [what, credentials] of Object.entries(wrong)) {
    work.length = users.asked.length = 0
    t.equal(await logIn(users, passwords, credentials, work), null, what)
    const account = users.rows.find(({ account }) => account.email === credentials.email)?.account
    t.strictSame(work, [`count ${account?.id}`, 'verify', `fail ${account?.id}`], 'one hash, counted before it')
    t.match(users.asked, [/^user of /, /^password of /], 'one lookup of each')
    t.equal(users.asked.length, 2)
  }
})

t.test('a login with an outdated hash brings it up to date, once', async t => {
  const { users, passwords, work, user } = await signedUp()
  users.rows[0]!.passwordHash = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  t.match(await logIn(users, passwords, { email: grace.email, password }), { userId: user.id })
  t.strictSame(work, ['verify an outdated one', 'hash'])
  t.notOk(passwords.isOutdated(users.rows[0]!.passwordHash!))

  work.length = 0
  t.ok(await logIn(users, passwords, { email: grace.email, password }), 'the password is the same')
  t.strictSame(work, ['verify'])
})

t.test('a wrong password or a disabled account brings nothing up to date', async t => {
  const { users, passwords, work } = await signedUp()
  const old = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  users.rows[0]!.passwordHash = old
  await logIn(users, passwords, { email: grace.email, password: 'wrong' })
  users.rows[0]!.account.disabledAt = new Date()
  await logIn(users, passwords, { email: grace.email, password })
  t.equal(users.rows[0]!.passwordHash, old)
  t.notOk(work.includes('hash'))
})

t.test('a password changed while its old hash was upgraded stays changed', async t => {
  const { users, passwords } = await signedUp()
  users.rows[0]!.passwordHash = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  const changed = await passwords.hash('a newer one of hers')
  const slow: Passwords = { ...passwords, hash: async text => { users.rows[0]!.passwordHash = changed; return await passwords.hash(text) } }
  await logIn(users, slow, { email: grace.email, password })
  t.equal(users.rows[0]!.passwordHash, changed)
})

t.test('whoever has no password logs in with none, not even with one that the dummy hash fits', async t => {
  const { users, passwords, user } = await signedUp()
  users.rows[0]!.passwordHash = null
  const unlucky = { ...passwords, dummyHash: await passwords.hash(password) }
  for (const email of [grace.email, 'ada@example.com']) t.equal(await logIn(users, unlucky, { email, password }), null)
  const attempt = attemptOf(user, { method: 'pwd', at: 0 }, { remember: false, returnTo: null })
  const methods = { pwd: passwordMethod({ credentials: users, now: Date.now }) }
  t.notOk(await isComplete(methods, attempt), 'nor when it was removed after it was checked')
  users.rows[0]!.passwordHash = 'a hash'
  t.ok(await isComplete(methods, attempt))
})

t.test('whoever has to wait has nothing checked, right or wrong', async t => {
  const { users, passwords, work, user } = await signedUp()
  const counter = { consume: async () => { throw new TooManyAttempts() }, recordFailure: () => t.fail('nothing failed') }
  await t.rejects(prove({ method: passwordMethod({ credentials: users, now: Date.now }), passwords, counter }, user, password), { code: 'TOO_MANY_GUESSES' })
  t.strictSame(work, [])
})

t.test('while users cannot be read nobody is told that the password is wrong', async t => {
  const { users, passwords } = await signedUp()
  users.findByEmail = async () => { throw new UsersUnavailable() }
  await t.rejects(logIn(users, passwords, { email: grace.email, password }), { code: 'USERS_UNAVAILABLE' })
  await t.rejects(signUp(partsOf(users, passwords), { ...grace, password }, client), { code: 'USERS_UNAVAILABLE' })
})

t.test('nor while their passwords cannot be read', async t => {
  const { users, passwords } = await signedUp()
  users.passwordOf = async () => { throw new UsersUnavailable() }
  await t.rejects(logIn(users, passwords, { email: grace.email, password }), { code: 'USERS_UNAVAILABLE' })
})

t.test('the account is read before its password: whoever changes that in between has ended what is begun by the account of before', async t => {
  const { users, passwords, user } = await signedUp()
  users.asked.length = 0
  await logIn(users, passwords, { email: grace.email, password })
  t.strictSame(users.asked, [`user of ${grace.email}`, `password of ${user.id}`])
})

t.test('an email has one account, and a second sign-up costs no hash', async t => {
  const { users, passwords, work } = await signedUp()
  t.equal(await signUp(partsOf(users, passwords), { ...grace, password: 'another fifteen letters' }, client), null)
  t.strictSame(work, [])
  t.equal(users.rows.length, 1)
})

t.test('of sign-ups at once with one email one makes the account', async t => {
  const users = new Tables()
  const passwords = await openPasswords()
  const made = await Promise.all(Array.from({ length: 4 }, () => signUp(partsOf(users, passwords), { ...grace, password }, client)))
  t.equal(made.filter(user => user !== null).length, 1)
  t.equal(users.rows.length, 1)
})

t.test('a password is kept as its hash and in no other form', async t => {
  const { users } = await signedUp()
  t.notMatch(JSON.stringify(users.rows), password)
  t.equal(users.rows[0]!.account.email, canonicalEmail(grace.email))
})
