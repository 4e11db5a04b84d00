import t from 'tap'
import { disableAccount, enableAccount } from '../../src/accounts/disable-account.ts'
import { firstInAWhile } from '../../src/observability/first-in-a-while.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { onEveryStore } from '../every-store.ts'
import { freePort } from '../free-port.ts'
import { type Browser, DAY_MS, grace, HOUR_MS, type LogLine, MINUTE_MS, openService } from '../helper.ts'

const forwardAuth = { TRUSTED_PROXIES: '127.0.0.1' }
const asked = { 'x-original-url': 'http://app.example.com/', 'x-original-method': 'GET', 'x-forwarded-host': 'app.example.com' }
const posts = ['/login', '/logout', '/signup', '/account/delete', '/account/devices/revoke-others']

const ownHandle = ({ cookies }: Browser) => handleOf(decodeURIComponent(cookies.get('session')!).split('.')[0]!)
const linesAboutClock = (log: LogLine[]) => log.filter(({ msg }) => msg.startsWith('sessions from the future are refused'))

await onEveryStore(t, async (t, settings) => {
  t.test('a login from the future is refused with 503 wherever it is used, and goes on once the clock is right', async t => {
    const { app, browser, time, log } = await openService(t, { ...await settings(), ...forwardAuth })
    const laptop = browser()
    await laptop.signUp()
    const cookie = laptop.cookies.get('session')
    t.equal((await laptop.get('/authz/nginx', asked)).status, 200)

    time.pass(-HOUR_MS)
    for (const path of ['/dashboard', '/account/devices', '/', '/login', '/nothing']) {
      t.match(await laptop.get(path), { status: 503, headers: { 'retry-after': '5' }, setCookies: [], body: /clock of this service was set back/ }, path)
    }
    for (const path of posts) t.match(await laptop.submit(path), { status: 503, setCookies: [] }, path)
    const json = await laptop.get('/session', { accept: 'application/json' })
    t.match(json, { status: 503, setCookies: [] })
    t.equal(json.json<{ code: string }>().code, 'SESSION_NOT_YET_VALID')
    for (const url of ['http://app.example.com/', 'http://app.example.com/other']) {
      const answer = await laptop.get('/authz/nginx', { ...asked, 'x-original-url': url })
      t.match(answer, { status: 503, body: '', setCookies: [] })
      t.equal(answer.headers['remote-user'], undefined)
    }
    t.match(linesAboutClock(log), [{ level: 50, event: 'failed', outcome: 'SESSION_NOT_YET_VALID', err: { cause: { message: '3600 seconds ahead of this clock' } } }], 'the log says so, once')
    t.match(await app.sessions.read(ownHandle(laptop)), { core: { login: { userId: String } } })

    time.pass(HOUR_MS)
    t.equal(laptop.cookies.get('session'), cookie)
    t.equal((await laptop.get('/dashboard')).status, 200)
    t.equal((await laptop.get('/authz/nginx', asked)).status, 200)
  })

  t.test('meanwhile others log in, see the session from the future, and can end it', async t => {
    const { browser, time } = await openService(t, settings())
    const [laptop, phone, visitor] = [browser(), browser(), browser()]
    await laptop.signUp()
    await visitor.get('/')
    time.pass(-DAY_MS)
    for (const path of ['/', '/login', '/signup']) for (const someone of [browser(), visitor]) t.equal((await someone.get(path)).status, 200, path)
    t.equal((await phone.logIn()).status, 303)
    const handle = ownHandle(laptop)
    t.match((await phone.get('/account/devices')).body, handle)
    t.match((await phone.get('/account/export')).json(), { sessions: [{ isThis: true }, { handle }] })
    t.equal((await phone.submit(`/account/devices/${handle}/revoke`)).status, 303)
    t.equal((await laptop.get('/dashboard')).status, 303, 'it is gone')
    time.pass(DAY_MS)
    t.notOk(await laptop.isLoggedIn())
  })

  t.test('a clock that was ahead for a while logs nobody out who did not come by then', async t => {
    const { browser, time } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn({ remember: 'on' })
    time.pass(40 * DAY_MS)
    const tablet = browser()
    t.equal((await tablet.logIn()).status, 303)
    t.notMatch((await tablet.get('/account/devices')).body, ownHandle(phone), 'by that clock it has ended')
    time.pass(-40 * DAY_MS)
    for (const device of [laptop, phone]) t.ok(await device.isLoggedIn())
    t.equal((await tablet.get('/dashboard')).status, 503)
    const { body } = await laptop.get('/account/devices')
    for (const device of [laptop, phone, tablet]) t.match(body, ownHandle(device))
    await laptop.submit('/account/devices/revoke-others')
    for (const device of [phone, tablet]) t.notOk(await device.isLoggedIn())
  })

  t.test('clocks that differ by less than five minutes go unnoticed', async t => {
    const { browser, time, log } = await openService(t, { ...await settings(), ...forwardAuth })
    const laptop = browser()
    await laptop.signUp()
    time.pass(-5 * MINUTE_MS)
    t.equal((await laptop.get('/authz/nginx', asked)).status, 200)
    t.equal((await laptop.get('/dashboard')).status, 200)
    t.ok(await laptop.isLoggedIn())
    time.pass(HOUR_MS - 1)
    t.ok(await laptop.isLoggedIn(), 'it was renewed by the clock that is behind')
    t.strictSame(linesAboutClock(log), [])
  })
})

t.test('a session from the future is nobody\'s once its user\'s sessions were ended', async t => {
  const { app, browser, time } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const { id } = (await app.users.findByEmail(grace.email))!
  time.pass(-DAY_MS)
  await disableAccount(app.transact, id, new Date())
  await enableAccount(app.transact, id)
  t.equal((await laptop.get('/session', { accept: 'application/json' })).status, 401)
})

t.test('each refusal is counted', async t => {
  const port = await freePort()
  const { browser, time } = await openService(t, { METRICS_PORT: String(port) })
  const laptop = browser()
  await laptop.signUp()
  time.pass(-HOUR_MS)
  for (let count = 0; count < 3; count++) await laptop.get('/dashboard')
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  t.match(metrics, 'latchkey_events_total{event="failed",outcome="SESSION_NOT_YET_VALID"} 3\n')
})

t.test('the first of many alike is the first again after a while without one', async t => {
  let now = 0
  const isFirst = firstInAWhile(10, () => now)
  const at = (time: number) => { now = time; return isFirst() }
  t.strictSame([0, 9, 18, 27, 37, 46, 57].map(at), [true, false, false, false, true, false, true])
  t.equal(firstInAWhile(10)(), true)
})
