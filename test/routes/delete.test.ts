import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Write } from '../../src/accounts/transact.ts'
import { onEveryStore, redisSettings } from '../every-store.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { grace, openService } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'

const eve = { ...grace, email: 'eve@example.com' }

onEveryStore(t, async (t, settings) => {
  t.test('who deletes the account is gone: the user, every session, every event; and the cookie is cleared', async t => {
    const { browser, app } = await openService(t, settings())
    const [laptop, phone, eves] = [browser(), browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await eves.signUp(eve)
    const { id } = (await app.users.findByEmail(grace.email))!
    t.equal((await laptop.get('/account/delete')).status, 200)
    const answer = await laptop.submit('/account/delete', { current_password: grace.password })
    t.match(answer, { status: 303, location: '/' })
    t.ok(answer.setCookies.some(line => line.startsWith('session=; Max-Age=0')))
    t.notOk(laptop.cookies.has('session'))

    t.equal(await app.users.findById(id), null)
    t.strictSame(await app.sessions.listOf(id), [])
    t.strictSame(await app.accountEvents.listOf(id), [])
    t.equal((await browser().logIn()).status, 401)
    t.match(await phone.get('/dashboard'), { status: 303, location: '/login?next=%2Fdashboard' })
    t.notOk(phone.cookies.has('session'), 'on the other device too')
    t.ok(await eves.isLoggedIn(), 'and nobody else is')
    t.match((await eves.get('/account')).body, 'Signed up')
  })

  t.test('the same email can sign up again, and finds nothing of before', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await laptop.submit('/account/profile', { first_name: 'Amazing', last_name: 'Grace' })
    await laptop.submit('/account/delete', { current_password: grace.password })
    t.match(await laptop.signUp(), { status: 303, location: '/dashboard' })
    const { body } = await laptop.get('/account')
    t.notMatch(body, /Amazing|Changed the name/)
  })

  t.test('deleting twice is deleting once', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const cookie = laptop.cookies.get('session')!
    const twice = await Promise.all([1, 2].map(() => laptop.submit('/account/delete', { current_password: grace.password })))
    t.strictSame(twice.map(({ location }) => location).toSorted(), ['/', '/login'])
    laptop.cookies.set('session', cookie)
    const late = await laptop.submit('/account/delete', { current_password: grace.password })
    t.match(late, { status: 303, location: '/login' })
    t.notOk(laptop.cookies.has('session'))
  })

  t.test('a wrong or missing password deletes nothing', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    t.match(await laptop.submit('/account/delete', { current_password: 'not the password at all' }), { status: 401, body: /That isn&#39;t your current password\./ })
    t.match(await laptop.submit('/account/delete'), { status: 400 })
    t.match(await laptop.submit('/account/delete', { sure: 'yes' }), { status: 400 })
    t.match(await laptop.submit('/account/delete', { current_password: '' }), { status: 400, body: /id="current_password-error"/ })
    t.ok(await laptop.isLoggedIn())
    t.equal((await browser().logIn()).status, 303)
  })
})

t.test('an account is deleted also while its sessions cannot be removed: they open nothing, and the next sweep removes them', async t => {
  const redis = await startRedisServer(t)
  const proxy = await startFaultProxy(t, redis.port)
  const { browser, app, log } = await openService(t, redisSettings(proxy.url))
  const [laptop, phone] = [browser(), browser()]
  await laptop.signUp()
  await phone.logIn()
  const { id } = (await app.users.findByEmail(grace.email))!
  const { transact } = app
  t.intercept(app, 'transact', {
    value: async (writes: Write[]) => {
      const outcome = await transact(writes)
      proxy.set('cut')
      return outcome
    }
  })
  t.match(await laptop.submit('/account/delete', { current_password: grace.password }), { status: 303, location: '/', setCookies: [/^device=/, /^session=; Max-Age=0/] })
  t.ok(log.some(({ msg }) => msg === 'sessions could not be ended now, the next sweep tries again'))
  t.equal(await app.users.findById(id), null)
  proxy.set('none')
  while ((await browser().get('/health/ready')).status !== 200) await nextTurn()
  t.equal((await app.sessions.listOf(id)).length, 2)
  t.notOk(await phone.isLoggedIn())
  await app.sessionCleanup.sweep()
  t.strictSame(await app.sessions.listOf(id), [])
})
