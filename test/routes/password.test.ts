import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Write } from '../../src/accounts/transact.ts'
import { onEveryStore, redisSettings } from '../every-store.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { type Browser, DAY_MS, grace, openService } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'

const chosen = 'microseconds are longer wires'
const change = (browser: Browser, fields: Record<string, string> = {}) =>
  browser.submit('/account/password', { current_password: grace.password, new_password: chosen, ...fields })

onEveryStore(t, async (t, settings) => {
  t.test('after a password change this device goes on under a new id, and every other one is out', async t => {
    const { browser, app } = await openService(t, settings())
    const [laptop, phone, tablet] = [browser(), browser(), browser()]
    await laptop.signUp()
    await phone.logIn({ remember: 'on' })
    await tablet.logIn()
    const before = laptop.cookies.get('session')!
    t.equal((await laptop.get('/account/password')).status, 200)
    t.match(await change(laptop), { status: 303, location: '/account' })
    t.ok(await laptop.isLoggedIn())
    t.not(laptop.cookies.get('session'), before)
    const thief = browser()
    thief.cookies.set('session', before)
    for (const other of [phone, tablet, thief]) {
      t.notOk(await other.isLoggedIn())
      t.notOk(other.cookies.has('session'), 'and the cookie is cleared')
    }
    const { id } = (await app.users.findByEmail(grace.email))!
    t.equal((await app.sessions.listOf(id)).length, 1)
    t.match((await laptop.get('/account')).body, 'Changed the password')
  })

  t.test('from then on the new password logs in, and the old one does not', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await change(laptop)
    t.equal((await browser().logIn()).status, 401)
    t.equal((await browser().logIn({ password: chosen })).status, 303)
  })

  t.test('a device that is kept logged in stays so', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await laptop.logIn({ remember: 'on' })
    t.match((await change(laptop)).setCookies.join(), /session=[^;]+; [^,]*Expires=/)
    time.pass(29 * DAY_MS)
    t.ok(await laptop.isLoggedIn())
  })

  t.test('a wrong current password changes nothing, and logs nobody out', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    const answer = await change(laptop, { current_password: 'not the password at all' })
    t.match(answer, { status: 401, body: /id="current_password-error">That isn&#39;t your current password\./ })
    t.notMatch(answer.body, /microseconds|not the password at all/)
    t.match((await laptop.submit('/account/password', { current_password: 'x', new_password: chosen }, { accept: 'application/json' })).json(), { statusCode: 401, code: 'PASSWORD_WRONG' })
    t.ok(await laptop.isLoggedIn())
    t.ok(await phone.isLoggedIn())
    t.equal((await browser().logIn()).status, 303)
  })

  t.test('the new password has to be as good as one at sign-up, and each wrong field is named', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const problems = { 'too short': /at least 15 characters/, passwordpassword: /easy to guess/, 'Grace Hopper 1906': /mostly your name/, ['x'.repeat(1025)]: /id="new_password-error"/, '': /id="new_password-error"/ }
    for (const [password, reason] of Object.entries(problems)) {
      t.match(await change(laptop, { new_password: password }), { status: 400, body: reason }, password.slice(0, 20))
    }
    t.match(await laptop.submit('/account/password', { new_password: 'x' }), { status: 400, body: /id="current_password-error"[^]*id="new_password-error"/ })
    t.equal((await laptop.submit('/account/password')).status, 400)
    t.equal((await change(laptop, { email: 'eve@example.com' })).status, 400)
    t.equal((await browser().logIn()).status, 303, 'nothing changed')
  })

  t.test('of two windows that change the password at once, one wins, and the other has to log in', async t => {
    const { browser } = await openService(t, settings())
    const [left, right] = [browser(), browser()]
    await left.signUp()
    await right.logIn()
    const passwords = [chosen, 'picoseconds are no wires at all']
    const answers = await Promise.all([left, right].map((one, index) => change(one, { new_password: passwords[index]! })))
    t.strictSame(answers.map(({ location }) => location).toSorted(), ['/account', '/login'])
    const winner = answers.findIndex(({ location }) => location === '/account')
    t.equal(await left.isLoggedIn(), winner === 0)
    t.equal(await right.isLoggedIn(), winner === 1)
    t.equal((await browser().logIn({ password: passwords[winner]! })).status, 303)
    t.equal((await browser().logIn({ password: passwords[1 - winner]! })).status, 401)
  })

  t.test('dead sessions that cannot be removed stay dead, and are not shown', async t => {
    const { browser, app, log } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    t.intercept(app.sessions, 'revokeAllOf', { value: async () => { throw new Error('not now') } })
    t.equal((await change(laptop)).status, 303)
    t.ok(log.some(({ msg }) => msg === 'ended sessions were not removed'))
    const { id } = (await app.users.findByEmail(grace.email))!
    t.equal((await app.sessions.listOf(id)).length, 2)
    t.equal((await laptop.get('/account/devices')).body.match(/<li class="card">/g)!.length, 1)
    t.notOk(await phone.isLoggedIn())
    t.ok(await laptop.isLoggedIn())
  })
})

t.test('a session store that fails halfway: the others are out all the same', async t => {
  const redis = await startRedisServer(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { browser, app } = await openService(t, redisSettings(proxy.url))
  const [laptop, phone, tablet] = [browser(), browser(), browser()]
  await laptop.signUp()
  await phone.logIn({ remember: 'on' })
  await tablet.logIn()
  const { transact } = app
  t.intercept(app, 'transact', {
    value: async (writes: Write[]) => {
      const outcome = await transact(writes)
      proxy.set('cut')
      return outcome
    }
  })
  t.match(await change(laptop), { status: 503, headers: { 'retry-after': '5' } })
  proxy.set('none')
  while ((await browser().get('/health/ready')).status !== 200) await nextTurn()
  for (const other of [phone, tablet, laptop]) t.notOk(await other.isLoggedIn())
  t.equal((await browser().logIn()).status, 401)
  t.equal((await laptop.logIn({ password: chosen })).status, 303)
  t.match((await laptop.get('/account')).body, 'Changed the password')
})
