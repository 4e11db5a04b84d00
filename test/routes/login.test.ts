import t from 'tap'
import { DAY_MS, grace, HOUR_MS, openService, sqliteIn } from '../helper.ts'

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

t.test('an unknown email, a wrong password and a disabled account get the same answer', async t => {
  const { browser, app } = await openService(t)
  await browser().signUp()
  await browser().signUp({ ...grace, email: 'disabled@example.com' })
  sqliteIn(app).prepare('update users set disabled_at = 1 where email = ?').run('disabled@example.com')
  const answers = await Promise.all([
    browser().logIn({ password: 'not the password at all' }),
    browser().logIn({ email: 'nobody@example.com' }),
    browser().logIn({ email: 'no address at all' }),
    browser().logIn({ email: 'disabled@example.com' })
  ])
  const told = answers.map(({ status, body, headers: { date, 'content-length': length, ...headers } }) => ({ status, headers, body: body.replace(/value="[^"]*"/g, '') }))
  t.equal(told[0]!.status, 401)
  for (const other of told.slice(1)) t.strictSame(other, told[0])
})

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
  const { browser, app } = await openService(t)
  await browser().signUp()
  const { hash } = await import('@node-rs/argon2')
  const old = await hash(grace.password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  sqliteIn(app).prepare('update users set password_hash = ?').run(old)
  t.equal((await browser().logIn()).status, 303)
  t.match((await app.users.findByEmail(grace.email))!.passwordHash, '$argon2id$v=19$m=19456,t=2,p=1$')
  t.equal((await browser().logIn()).status, 303)
})
