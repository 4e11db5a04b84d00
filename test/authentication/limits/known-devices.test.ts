import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { deleteAccount } from '../../../src/accounts/delete-account.ts'
import { postgresTransact } from '../../../src/stores/postgres/transact.ts'
import { inTransaction } from '../../../src/stores/postgres/transaction.ts'
import { sqliteTransact } from '../../../src/stores/sqlite/transact.ts'
import type { Transact } from '../../../src/accounts/transact.ts'
import { type Browser, type KnownDevices, knownDevices } from '../../../src/authentication/limits/known-devices.ts'
import { signDeviceToken } from '../../../src/authentication/limits/device-token.ts'
import type { DeviceStore } from '../../../src/authentication/limits/device-store.ts'
import { postgresDeviceStore } from '../../../src/stores/postgres/device-store.ts'
import { sqliteDeviceStore } from '../../../src/stores/sqlite/device-store.ts'
import type { Account } from '../../../src/users/user-repository.ts'
import { createUser } from '../../create-user.ts'
import { DAY_MS, MovableClock } from '../../helper.ts'
import { newDatabase } from '../../stores/new-database.ts'
import { plansOf, postgresForEach } from '../../stores/new-postgres.ts'

const email = 'grace@example.com'
const secrets = ['secret']

interface UnderTest {
  store: DeviceStore
  transact: Transact
  clock: MovableClock
  devices: KnownDevices
  grace: Account
  ada: Account
  /** Grace's browser with this token. */
  with: (token: string | undefined, changes?: Partial<Browser>) => Browser
  break: () => unknown
}

type Parts = Pick<UnderTest, 'store' | 'transact' | 'clock' | 'break'>

async function underTest (parts: Parts): Promise<UnderTest> {
  const [grace, ada] = [await createUser(parts.transact, { email }), await createUser(parts.transact)]
  const devices = knownDevices(parts.store, secrets, parts.clock.now)
  return { ...parts, devices, grace, ada, with: (token, changes) => ({ token, user: grace, ...changes }) }
}

const postgres = await postgresForEach(t)

t.test('in SQLite', t => holdIn(t, async t => {
  const [database, clock] = [newDatabase(t), new MovableClock()]
  return await underTest({ store: sqliteDeviceStore(database, clock), transact: sqliteTransact(database, clock), clock, break: () => database.$client.close() })
}))

t.test('in PostgreSQL', t => holdIn(t, async t => {
  const [database, clock] = [await postgres.open(t), new MovableClock()]
  // The first connection also looks at the tables, which may take longer than an answer.
  await database.$client.query('select 1')
  return await underTest({ store: postgresDeviceStore(database, clock), transact: postgresTransact(database, clock), clock, break: () => database.$client.end() })
}))

async function isKnown (devices: KnownDevices, browser: Browser): Promise<boolean> {
  const attempt = await devices.consume(browser)
  await attempt?.giveBack()
  return attempt !== null
}

/** How many wrong passwords this browser may try before it is unknown. */
async function attemptsOf (devices: KnownDevices, browser: Browser): Promise<number> {
  let attempts = 0
  while (await devices.consume(browser) !== null) attempts++
  return attempts
}

async function holdIn (t: Test, open: (t: Test) => Promise<UnderTest>) {
  t.test('a browser that has logged in is known, until ten wrong passwords in a row', async t => {
    const { devices, grace, with: browser } = await open(t)
    t.notOk(await isKnown(devices, browser(undefined)))
    const token = await devices.remember(undefined, grace)
    t.ok(await isKnown(devices, browser(token)))
    t.equal(await attemptsOf(devices, browser(token)), 10)
    t.notOk(await isKnown(devices, browser(token)))
    t.ok(await isKnown(devices, browser(await devices.remember(token, grace))), 'a complete login makes it known again')
    t.equal(await attemptsOf(devices, browser(token)), 10, 'under the same name')
  })

  t.test('each device has a count of its own', async t => {
    const { devices, grace, with: browser } = await open(t)
    const [laptop, phone] = [await devices.remember(undefined, grace), await devices.remember(undefined, grace)]
    t.equal(await attemptsOf(devices, browser(laptop)), 10)
    t.equal(await attemptsOf(devices, browser(phone)), 10)
  })

  t.test('parallel attempts cannot outrun the count of a device', async t => {
    const { devices, grace, with: browser } = await open(t)
    const token = await devices.remember(undefined, grace)
    const attempts = await Promise.all(Array.from({ length: 20 }, () => devices.consume(browser(token))))
    t.equal(attempts.filter(attempt => attempt !== null).length, 10)
  })

  t.test('an attempt that was not checked does not count', async t => {
    const { devices, grace, with: browser } = await open(t)
    const token = await devices.remember(undefined, grace)
    const attempt = await devices.consume(browser(token))
    t.equal(attempt!.wait, 0)
    await attempt!.giveBack()
    t.equal(await attemptsOf(devices, browser(token)), 10)
    await devices.remember(token, grace)
    await attempt!.giveBack()
    t.equal(await attemptsOf(devices, browser(token)), 10, 'and nothing goes below none')
  })

  t.test('five devices are known: a sixth replaces the one used the longest time ago, whose token is then worth nothing', async t => {
    const { devices, grace, clock, with: browser } = await open(t)
    const tokens: string[] = []
    for (let login = 1; login <= 5; login++) {
      tokens.push(await devices.remember(undefined, grace))
      clock.pass(1000)
    }
    await devices.remember(tokens[0], grace)
    await devices.remember(undefined, grace)
    const known = await Promise.all(tokens.map(token => isKnown(devices, browser(token))))
    t.strictSame(known, [true, false, true, true, true])
    t.equal(await devices.consume(browser(tokens[1])), null)
    await devices.remember(tokens[1], grace)
    t.strictSame(await Promise.all(tokens.map(token => isKnown(devices, browser(token)))), [true, true, false, true, true], 'its next login makes it known again')
  })

  t.test('thirty logins make no more than fifty attempts, and those of one browser ten', async t => {
    const { devices, grace, with: browser } = await open(t)
    const tokens: string[] = []
    for (let login = 1; login <= 30; login++) tokens.push(await devices.remember(undefined, grace))
    let attempts = 0
    for (const token of tokens) attempts += await attemptsOf(devices, browser(token))
    t.equal(attempts, 50)
    let token = await devices.remember(undefined, grace)
    const other = await devices.remember(undefined, grace)
    for (let login = 1; login <= 30; login++) token = await devices.remember(token, grace)
    t.ok(await isKnown(devices, browser(other)), 'one browser is one device, and takes no place of another')
  })

  t.test('of parallel logins in six browsers five are known', async t => {
    const { devices, grace, with: browser } = await open(t)
    const tokens = await Promise.all(Array.from({ length: 6 }, () => devices.remember(undefined, grace)))
    const known = await Promise.all(tokens.map(token => isKnown(devices, browser(token))))
    t.equal(known.filter(Boolean).length, 5)
  })

  t.test('a token proves one account in one epoch, under any of our secrets', async t => {
    const { devices, store, clock, grace, ada, with: browser } = await open(t)
    const token = await devices.remember(undefined, grace)
    await devices.remember(undefined, ada)
    const under = (...keys: string[]) => knownDevices(store, keys, clock.now)
    t.ok(await isKnown(under('newer', 'secret'), browser(token)))
    t.notOk(await isKnown(under('another'), browser(token)))
    t.notOk(await isKnown(devices, browser(token, { user: ada })), 'nor on another account')
    t.notOk(await isKnown(devices, browser(token, { user: null })), 'nor on none')
    t.notOk(await isKnown(devices, browser(token, { user: { ...grace, sessionEpoch: 2 } })), 'nor after the password was changed')
    const payload = token.split('.').slice(0, -1).join('.')
    for (const invented of ['', '.', 'x', 'x.y', 'x.y.z', payload, `${payload}.`, `${payload}.${'ü'.repeat(43)}`, `x.${token}`, `${token}x`, signDeviceToken({ name: 'x', userId: grace.id, epoch: 1 }, secrets)]) {
      t.notOk(await isKnown(devices, browser(invented)), invented)
      t.equal(await devices.consume(browser(invented)), null)
    }
  })

  t.test('a new epoch ends every token, and the browser that goes on gets a new one under its name', async t => {
    const { devices, grace, with: browser } = await open(t)
    const [laptop, phone] = [await devices.remember(undefined, grace), await devices.remember(undefined, grace)]
    const changed = { ...grace, sessionEpoch: 2 }
    const renewed = await devices.remember(laptop, changed)
    t.equal(renewed.split('.')[0], laptop.split('.')[0])
    t.ok(await isKnown(devices, browser(renewed, { user: changed })))
    for (const old of [laptop, phone]) t.notOk(await isKnown(devices, browser(old, { user: changed })))
  })

  t.test('a token that is issued again under the next epoch is of the same device, with its failures', async t => {
    const { devices, grace, with: browser } = await open(t)
    const token = await devices.remember(undefined, grace)
    for (let failures = 1; failures <= 4; failures++) await devices.consume(browser(token))
    const changed = { ...grace, sessionEpoch: 2 }
    const again = devices.reissue(token, changed)!
    t.equal(await attemptsOf(devices, browser(again, { user: changed })), 6)
  })

  t.test('a token is issued again for its own account only, and under the next epoch', async t => {
    const { devices, grace, ada } = await open(t)
    const token = await devices.remember(undefined, grace)
    for (const sessionEpoch of [0, 1, 3]) t.equal(devices.reissue(token, { ...grace, sessionEpoch }), null)
    t.equal(devices.reissue(token, { ...ada, sessionEpoch: 2 }), null)
    for (const none of [undefined, '', `x${token}`]) t.equal(devices.reissue(none, { ...grace, sessionEpoch: 2 }), null)
  })

  t.test('a browser that holds a token for another account is given a name of its own', async t => {
    const { devices, grace, ada } = await open(t)
    const token = await devices.remember(undefined, grace)
    t.not((await devices.remember(token, ada)).split('.')[0], token.split('.')[0])
    t.not((await devices.remember(`x${token}`, grace)).split('.')[0], `x${token}`.split('.')[0], 'so is one whose token nobody signed')
  })

  t.test('a token of an earlier release, which is bound to an email, is accepted once, and ten of an account at most', async t => {
    const { devices, grace, with: browser } = await open(t)
    const old = (name: string, address = email) => `${name}.${createHmac('sha256', 'secret').update(`device\n${name}\n${address}`).digest('base64url')}`
    t.notOk(await isKnown(devices, browser(old('laptop', 'ada@example.com'))))
    t.ok(await isKnown(devices, browser(old('laptop'))))
    t.not(await devices.consume(browser(old('laptop'))), null)
    for (const again of [old('laptop'), `${old('laptop')}.x`]) t.equal(await devices.consume(browser(again)), null, 'never again')
    const token = await devices.remember(old('laptop'), grace)
    t.not(token.split('.')[0], 'laptop')
    t.ok(await isKnown(devices, browser(token)), 'a complete login replaces it')
    const unchecked = await devices.consume(browser(old('phone')))
    await unchecked!.giveBack()
    await unchecked!.giveBack()
    t.ok(await isKnown(devices, browser(old('phone'))), 'what was not checked does not count')
    for (let more = 2; more <= 10; more++) t.not(await devices.consume(browser(old(`tablet-${more}`))), null)
    t.equal(await devices.consume(browser(old('phone'))), null)
    t.ok(await isKnown(devices, browser(token)), 'none of this concerns the devices that are known')
  })

  t.test('a device is forgotten 400 days after its last login', async t => {
    const { devices, store, grace, clock, with: browser } = await open(t)
    const token = await devices.remember(undefined, grace)
    clock.pass(200 * DAY_MS)
    const other = await devices.remember(undefined, grace)
    clock.pass(200 * DAY_MS)
    t.notOk(await isKnown(devices, browser(token)))
    t.equal(await store.sweep(), 0)
    clock.pass(200 * DAY_MS)
    t.notOk(await isKnown(devices, browser(other)))
    t.equal(await store.sweep(), 0)
    clock.pass(1)
    t.equal(await store.sweep(), 1)
    t.equal(await store.read(grace.id), null)
  })

  t.test('names are kept as hashes', async t => {
    const { devices, store, grace } = await open(t)
    const [name] = (await devices.remember(undefined, grace)).split('.')
    t.notMatch(await store.read(grace.id), name!)
  })

  t.test('devices go with their user', async t => {
    const { devices, store, transact, grace } = await open(t)
    await devices.remember(undefined, grace)
    await deleteAccount(transact, { id: grace.id })
    t.equal(await store.read(grace.id), null)
    await t.rejects(devices.remember(undefined, grace), { code: 'USERS_UNAVAILABLE' }, 'nobody can be remembered for an account that is gone')
  })

  t.test('of two that have read the same one writes', async t => {
    const { store, grace } = await open(t)
    const text = (devices: string) => ({ devices, expiresAt: 1 })
    t.ok(await store.replace(grace.id, null, text('a')))
    t.notOk(await store.replace(grace.id, null, text('b')))
    t.notOk(await store.replace(grace.id, 'b', text('c')))
    t.ok(await store.replace(grace.id, 'a', text('b')))
    t.equal(await store.read(grace.id), 'b')
  })

  t.test('a database that does not answer is unavailable, not an unknown device', async t => {
    const { devices, store, grace, with: browser, break: breakStore } = await open(t)
    const token = await devices.remember(undefined, grace)
    await breakStore()
    const unavailable = { code: 'USERS_UNAVAILABLE', statusCode: 503 }
    await t.rejects(isKnown(devices, browser(token)), unavailable)
    await t.rejects(devices.consume(browser(token)), unavailable)
    await t.rejects(store.replace(grace.id, null, { devices: '', expiresAt: 1 }), unavailable)
    await t.rejects(store.sweep(), unavailable)
  })
}

t.test('each query uses an index, and a sweep goes past devices that another process is at', async t => {
  const [database, clock] = [await postgres.open(t), new MovableClock()]
  const { devices, store, grace, ada, with: browser } = await underTest({ store: postgresDeviceStore(database, clock), transact: postgresTransact(database, clock), clock, break: () => {} })
  const plans = await plansOf(t, database, async () => {
    const token = await devices.remember(undefined, grace)
    await devices.consume(browser(token))
    await devices.remember(undefined, ada)
    clock.pass(401 * DAY_MS)
    await inTransaction(database, async transaction => {
      await transaction.execute(`select 1 from known_devices where user_id = '${ada.id}' for update`)
      t.equal(await store.sweep(), 1)
    })
    t.equal(await store.sweep(), 1)
  })
  t.ok(plans.length > 5)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})
