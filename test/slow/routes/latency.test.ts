import t, { type Test } from 'tap'
import { postgresDatabase } from '../../../src/stores/postgres/database.ts'
import { FORM_BUDGET_MS, withBudget } from '../../../src/async/time-budget.ts'
import { keptLog } from '../../contract/session-store.ts'
import { postgresSettings, redisSettings } from '../../every-store.ts'
import { startFaultProxy } from '../../fault-proxy.ts'
import { type Answer, grace, openService, type Settings } from '../../helper.ts'
import { newPostgresDatabase } from '../../postgres-server.ts'
import { startRedisServer } from '../../redis-server.ts'

// Stores that are far away make everything slower, and nothing impossible.

const newPassword = 'compilers were said to be impossible'

/** All that a person does with an account, in this order. */
async function everything (t: Test, settings: Settings, ms: number): Promise<void> {
  const { browser, app } = await openService(t, settings)
  const [laptop, phone, tablet] = [browser(), browser(), browser()]
  const does = async (what: string, work: () => Promise<Answer>, status = 303) => {
    const started = performance.now()
    const answer = await work()
    t.equal(answer.status, status, `${what}, with answers ${ms} ms late: ${Math.round(performance.now() - started)} ms`)
  }
  await does('sign up', () => laptop.signUp())
  await does('log in', () => phone.logIn())
  await does('log in again, remembered', () => tablet.logIn({ remember: 'on' }))
  await does('a page', () => laptop.get('/dashboard'), 200)
  await does('GET /session', () => laptop.get('/session', { accept: 'application/json' }), 200)
  await does('the devices', () => laptop.get('/account/devices'), 200)
  const { id } = (await app.users.findByEmail(grace.email))!
  const remembered = (await app.sessions.listOf(id)).find(({ core }) => core.login?.remembered)
  await does('log out a device', () => laptop.submit(`/account/devices/${remembered!.handle}/revoke`))
  t.notOk(await tablet.isLoggedIn())
  await does('log out all others', () => laptop.submit('/account/devices/revoke-others'))
  t.notOk(await phone.isLoggedIn())
  await does('another password', () => laptop.submit('/account/password', { current_password: grace.password, new_password: newPassword }))
  await does('a wrong password', () => phone.logIn(), 401)
  await does('log in with the new one', () => phone.logIn({ password: newPassword }))
  await does('log out', () => phone.logOut())
  await does('delete the account', () => laptop.submit('/account/delete', { current_password: newPassword }))
}

const inFarRedis = async (t: Test, ms: number) => {
  const proxy = await startFaultProxy(t, (await startRedisServer(t)).port)
  proxy.delay(ms)
  return redisSettings(proxy.url)
}
const inFarPostgres = async (t: Test, ms: number) => postgresSettings(await farPostgres(t, ms))

for (const [place, settings] of Object.entries({ 'sessions in Redis': inFarRedis, 'everything in PostgreSQL': inFarPostgres })) {
  t.test(`${place}, 100 ms away: all that can be done with an account`, async t => everything(t, await settings(t, 100), 100))

  t.test(`${place}, 300 ms away: sign-up and login`, async t => {
    const { browser } = await openService(t, await settings(t, 300))
    t.equal((await browser().signUp()).status, 303)
    t.equal((await browser().logIn()).status, 303)
  })
}

async function farPostgres (t: Test, ms: number): Promise<string> {
  const url = new URL(await newPostgresDatabase(t))
  const proxy = await startFaultProxy(t, Number(url.port))
  proxy.delay(ms)
  url.port = String(proxy.port)
  return url.href
}

t.test('the calls of a form share its time: a change that does not fit in is rolled back, and nothing begins any more', async t => {
  const database = postgresDatabase(await farPostgres(t, 200), { now: Date.now, log: keptLog() })
  t.teardown(() => database.close())
  await database.users.ping()
  const insert = { insert: 'user' as const, values: { id: 'grace', email: grace.email, firstName: 'Grace', lastName: 'Hopper', passwordHash: '', sessionEpoch: 0, disabledAt: null, createdAt: new Date(), updatedAt: new Date() } }
  const begun = performance.now()
  await withBudget(500, async () => {
    t.equal(await database.users.findByEmail(grace.email), null)
    await t.rejects(database.transact([insert]), { code: 'USERS_UNAVAILABLE', cause: { message: /^No answer within \d+ ms$/ } })
    await t.rejects(database.transact([insert]), { code: 'USERS_UNAVAILABLE', cause: { message: 'The time for this form is used up' } })
  })
  t.ok(performance.now() - begun < 900)
  t.equal(await database.users.findByEmail(grace.email), null)
  t.equal(await database.transact([insert]), 'done')
})

t.test('a Redis that answers nothing makes a login a 503 long before the time of a form is over', async t => {
  const redis = await startRedisServer(t)
  const { browser } = await openService(t, redisSettings(redis.url))
  await browser().signUp()
  redis.freeze()
  const begun = performance.now()
  t.equal((await browser().logIn()).status, 503)
  t.ok(performance.now() - begun < FORM_BUDGET_MS / 2)
  redis.thaw()
})
