import t from 'tap'
import { disableAccount } from '../../src/accounts/disable-account.ts'
import { onEveryStore } from '../every-store.ts'
import { type Answer, DAY_MS, grace, HOUR_MS, openService, sqliteIn } from '../helper.ts'

t.test('logging in opens the dashboard', async t => {
  const { browser } = await openService(t)
  await browser().signUp()
  const phone = browser()
  t.match(await phone.logIn(), { status: 303, location: '/dashboard' })
  t.equal((await phone.get('/dashboard')).status, 200)
})

t.test('every login has a new id, and the old one is dead', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const before = laptop.cookies.get('session')!
  await laptop.logIn()
  t.not(laptop.cookies.get('session'), before)
  const thief = browser()
  thief.cookies.set('session', before)
  t.notOk(await thief.isLoggedIn())
})

onEveryStore(t, async (t, settings) => {
  t.test('an unknown email, a wrong password and a disabled account get the same answers, as many of them', async t => {
    const { browser, app } = await openService(t, settings())
    await browser().signUp()
    await browser().signUp({ ...grace, email: 'disabled@example.com' })
    await disableAccount(app.transact, (await app.users.findByEmail('disabled@example.com'))!.id, new Date())
    const visitor = browser()
    await visitor.get('/')
    const cookie = { cookie: `session=${visitor.cookies.get('session')}; device=${'x'.repeat(22)}.${'y'.repeat(43)}` }
    const kinds: Array<Record<string, string>> = [
      { password: 'not the password at all' },
      { email: 'nobody@example.com' },
      { email: 'no address at all' },
      { email: 'disabled@example.com' },
      { email: 'disabled@example.com ', password: 'not the password at all' }
    ]
    const requests: Array<Record<string, string>> = [{}, { accept: 'application/json' }, cookie, { 'user-agent': 'curl' }, {}, {}, cookie]
    // The fifth begins a wait. The two ways to the disabled account count as one.
    const told = await Promise.all(kinds.slice(0, 4).map(async kind => {
      const answers = []
      for (const headers of requests) answers.push(toldBy(await browser({ headers }).logIn(kind)))
      return answers
    }))
    t.strictSame(told[0]!.map(({ status }) => status), [401, 401, 401, 401, 401, 429, 429])
    for (const other of told.slice(1)) t.strictSame(other, told[0])
    t.strictSame(toldBy(await browser().logIn(kinds[4])), told[0]![5])
  })

  t.test('a right password alone logs nobody in whose account has another factor: no session begins, no device is known, no failure is forgotten', async t => {
    const { browser, app } = await openService(t, settings())
    await browser().signUp()
    const { id } = (await app.users.findByEmail(grace.email))!
    const stateOf = async () => ({ sessions: await app.sessions.listOf(id), devices: await app.database.devices.read(id) })
    const before = await stateOf()
    Object.assign(app.loginMethods, { otp: { name: 'otp', factor: 'possession', isEnrolled: async (userId: string) => userId === id, verify: async () => null } })
    for (let failures = 0; failures < 4; failures++) await browser().logIn({ password: 'wrong' })
    const laptop = browser()
    t.match(await laptop.logIn(), { status: 303, location: '/login', setCookies: [] })
    t.notOk(await laptop.isLoggedIn())
    t.strictSame(await stateOf(), before)
    t.equal((await browser().logIn()).status, 429, 'it counted as one of five')
    t.equal((await browser().signUp({ ...grace, email: 'ada@example.com' })).status, 303, 'others log in as before')
  })
})

/** All that an answer tells, but for the time and what was typed. Names of headers in their order. */
function toldBy ({ status, body, headers: { date, 'content-length': length, 'retry-after': wait, ...headers } }: Answer) {
  // A wait is some seconds shorter by then.
  const text = body.replace(/value="[^"]*"/g, '').replace(/Try again in \d+ seconds?/, '')
  return { status, body: text, headers: Object.entries(headers), hasToWait: wait !== undefined }
}

t.test('the login leads back to the page that was asked for', async t => {
  const { browser } = await openService(t)
  await browser().signUp()
  const laptop = browser()
  const asked = await laptop.get('/dashboard?tab=2')
  t.match(asked, { status: 303, location: '/login?next=%2Fdashboard%3Ftab%3D2' })
  t.match((await laptop.get(asked.location!)).body, 'value="/dashboard?tab=2"')
  t.match(await laptop.logIn({ next: '/dashboard?tab=2' }), { status: 303, location: '/dashboard?tab=2' })
  t.match(await laptop.get(asked.location!), { status: 303, location: '/dashboard?tab=2' }, 'and so does the form, for whoever is logged in already')
})

t.test('the login leads nowhere else', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  t.match(await laptop.logIn({ next: '//elsewhere.example' }), { status: 303, location: '/dashboard' })
  t.match(await laptop.get('/login?next=https://elsewhere.example'), { status: 303, location: '/dashboard' })
})

t.test('a missing field is named', async t => {
  const { browser } = await openService(t)
  t.match(await browser().submit('/login', { email: grace.email }), { status: 400, body: /id="password-error"/ })
  t.match(await browser().submit('/login', { password: 'x' }), { status: 400, body: /id="email-error"/ })
})

t.test('without "keep me logged in" the cookie ends with the browser, with it after 30 days', async t => {
  const { browser, time } = await openService(t)
  const laptop = browser()
  const [cookie] = (await laptop.signUp()).setCookies
  t.notMatch(cookie, /Expires|Max-Age/)
  const [remembered] = (await laptop.logIn({ remember: 'on' })).setCookies
  const expires = Date.parse(/Expires=([^;]+)/.exec(remembered!)![1]!)
  t.ok(Math.abs(expires - time.at - 30 * DAY_MS) < HOUR_MS)
})

t.test('a program hears that the login failed', async t => {
  const { browser } = await openService(t)
  const answer = await browser({ headers: { accept: 'application/json' } }).logIn()
  t.strictSame(answer.json(), { statusCode: 401, code: 'LOGIN_FAILED', error: 'Unauthorized', message: 'The email and the password do not fit together.' })
})

t.test('a password hash of older parameters is replaced at login', async t => {
  const { browser, app } = await openService(t, {}, { realHashing: true })
  await browser().signUp()
  const { hash } = await import('@node-rs/argon2')
  const old = await hash(grace.password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  sqliteIn(app).prepare('update credentials set secret = ?').run(old)
  t.equal((await browser().logIn()).status, 303)
  const { id } = (await app.users.findByEmail(grace.email))!
  t.match(await app.credentials.passwordOf(id), '$argon2id$v=19$m=19456,t=2,p=1$')
  t.equal((await browser().logIn()).status, 303)
})
