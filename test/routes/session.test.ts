import t from 'tap'
import { onEveryStore } from '../every-store.ts'
import { DAY_MS, grace, HOUR_MS, MINUTE_MS, openService } from '../helper.ts'

onEveryStore(t, async (t, settings) => {
  t.test('a session that ends while it is renewed is told to have ended', async t => {
    const { browser, app, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const { update } = app.sessions
    app.sessions.update = async (handle, changes) => {
      await app.sessions.revoke(handle)
      return await update(handle, changes)
    }
    time.pass(MINUTE_MS)
    t.match(await laptop.get('/session', { accept: 'application/json' }), { status: 401 })
  })

  t.test('a program learns who is logged in and until when', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const signedInAt = time.at
    time.pass(2 * MINUTE_MS)
    const { user, session } = (await laptop.get('/session')).json<{ user: Record<string, string>, session: object }>()
    t.match(user, { id: /^[\w-]{22}$/, email: grace.email, firstName: 'Grace', lastName: 'Hopper' })
    t.strictSame(Object.keys(user), ['id', 'email', 'firstName', 'lastName'])
    t.strictSame(session, {
      signedInAt: new Date(signedInAt).toISOString(),
      lastSeenAt: new Date(time.at).toISOString(),
      expiresAt: new Date(time.at + HOUR_MS).toISOString(),
      remembered: false
    })
  })

  t.test('nobody gets a 401', async t => {
    const { browser } = await openService(t, settings())
    const answer = await browser({ headers: { accept: 'application/json' } }).get('/session')
    t.match(answer.json(), { statusCode: 401, code: 'LOGIN_REQUIRED' })
    t.match(await browser().get('/session'), { status: 401, body: /<h1/ })
  })

  t.test('a session in which nobody is logged in is left as it is', async t => {
    const { browser, time } = await openService(t, settings())
    const visitor = browser()
    await visitor.get('/')
    time.pass(9 * MINUTE_MS)
    t.match(await visitor.get('/session'), { status: 401, setCookies: [] })
    time.pass(MINUTE_MS)
    t.match(await visitor.get('/session'), { status: 401, setCookies: [/^session=; Max-Age=0/] }, 'it was not renewed')
  })

  t.test('an unused session ends after an hour', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    time.pass(59 * MINUTE_MS)
    t.ok(await laptop.isLoggedIn())
    time.pass(59 * MINUTE_MS)
    t.ok(await laptop.isLoggedIn(), 'using it renews it')
    time.pass(60 * MINUTE_MS)
    t.match(await laptop.get('/dashboard'), { status: 303, setCookies: [/^session=; Max-Age=0/] })
  })

  t.test('a used session ends after a day', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    for (let minutes = 0; minutes < 24 * 60 - 30; minutes += 30) {
      time.pass(30 * MINUTE_MS)
      t.ok(await laptop.isLoggedIn())
    }
    time.pass(30 * MINUTE_MS)
    t.notOk(await laptop.isLoggedIn())
  })

  t.test('"keep me logged in" lasts 30 days, used or not', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await laptop.logIn({ remember: 'on' })
    time.pass(29 * DAY_MS)
    t.ok(await laptop.isLoggedIn())
    time.pass(DAY_MS)
    t.notOk(await laptop.isLoggedIn())
  })

  t.test('a login page opened with an expired session does not bring it back', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const cookie = laptop.cookies.get('session')!
    time.pass(HOUR_MS)
    t.match(await laptop.get('/login'), { status: 200, setCookies: [/^session=; Max-Age=0/] })
    laptop.cookies.set('session', cookie)
    t.notOk(await laptop.isLoggedIn())
  })

  t.test('a changed setting applies to sessions that live already', async t => {
    const same = await settings()
    const before = await openService(t, { SESSION_SECRET: 'a secret that both services share', ...same })
    const laptop = before.browser()
    await laptop.signUp()
    await before.app.close()

    const more = { folder: before.folder, later: 10 * MINUTE_MS }
    const { browser } = await openService(t, { SESSION_SECRET: 'a secret that both services share', ...same, SESSION_IDLE_MINUTES: '5' }, more)
    const sameLaptop = browser()
    sameLaptop.cookies.set('session', laptop.cookies.get('session')!)
    t.notOk(await sameLaptop.isLoggedIn())
  })

  t.test('a clock that is set back makes nothing fresh for ever', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    time.pass(-4 * MINUTE_MS)
    t.ok(await laptop.isLoggedIn(), 'clocks differ a little between machines')
    time.pass(-DAY_MS)
    t.notOk(await laptop.isLoggedIn(), 'a session from the future ends')
  })

  t.test('the oldest session ends when one more than allowed begins', async t => {
    const { browser, time } = await openService(t, { ...await settings(), SESSIONS_PER_USER: '2' })
    const [first, second, third] = [browser(), browser(), browser()]
    await first.signUp()
    time.pass(1000)
    await second.logIn()
    time.pass(1000)
    t.ok(await first.isLoggedIn())
    await third.logIn()
    t.strictSame([await first.isLoggedIn(), await second.isLoggedIn(), await third.isLoggedIn()], [false, true, true])
  })

  t.test('of many logins at once no more sessions stay than are allowed', async t => {
    const { browser, app } = await openService(t, { ...await settings(), SESSIONS_PER_USER: '3' })
    await browser().signUp()
    await Promise.all(Array.from({ length: 12 }, () => browser().logIn()))
    const user = (await app.users.findByEmail(grace.email))!
    t.ok((await app.sessions.listOf(user.id)).length <= 3)
  })

  t.test('what parallel requests of one session change all survives', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await Promise.all([laptop.get('/about'), laptop.get('/session'), laptop.get('/dashboard'), laptop.get('/contact')])
    t.ok(await laptop.isLoggedIn())
    t.match((await laptop.get('/about')).body, /<time/)
  })
})
