import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { requireRecentAuthentication, requireUser } from '../../src/http/guards.ts'
import { onSqliteAndRedis } from '../every-store.ts'
import { grace, HOUR_MS, MINUTE_MS, inDatabaseOf, openService } from '../helper.ts'

const eve = { ...grace, email: 'eve@example.com' }
const pages = ['', '/devices', '/profile', '/email', '/password', '/delete', '/reauthenticate', '/confirm', '/export'].map(path => `/account${path}`)

/** An application's page that asks for the password again. */
async function diary (app: FastifyInstance): Promise<void> {
  app.route({ method: ['GET', 'POST'], url: '/diary', onRequest: [requireUser, requireRecentAuthentication], handler: async () => 'Dear diary' })
}

onSqliteAndRedis(t, async (t, settings) => {
  t.test('the account shows who one is and what happened lately, the latest first, each with its device and address', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser({ headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }, address: '192.0.2.1' })
    await laptop.signUp()
    time.pass(2 * MINUTE_MS)
    await browser({ address: '2001:db8::7' }).logIn({ password: 'not the password at all' })
    await laptop.logOut()
    await laptop.logIn()
    time.pass(1)
    await laptop.submit('/account/profile', { first_name: 'Amazing', last_name: 'Grace' })
    await laptop.submit('/account/email', { email: 'amazing@example.com', current_password: grace.password })
    await laptop.get('/account/export')
    const { body } = await laptop.get('/account')
    t.match(body, 'Amazing Grace')
    t.match(body, 'amazing@example.com')
    t.strictSame(eventsIn(body), ['Changed the email', 'Changed the name', 'Logged in', 'Logged out', 'Login with a wrong password', 'Signed up'])
    t.match(body, /Login with a wrong password<\/span>[^]*?Unknown device<\/bdi>, <bdi>2001:db8::7[^]*Signed up<\/span>[^]*2 minutes ago[^]*Firefox on Linux<\/bdi>, <bdi>192\.0\.2\.1/)
  })

  t.test('of many events the last fifty are shown', async t => {
    const { browser, app } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const { id: userId } = (await app.users.findByEmail(grace.email))!
    for (let count = 0; count < 60; count++) app.accountEvents.record({ userId, type: 'throttled', address: '::1', device: 'Unknown device' })
    const events = eventsIn((await laptop.get('/account')).body)
    t.equal(events.length, 50)
    t.notOk(events.includes('Signed up'))
  })

  t.test('an account in which nothing happened says so', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    await laptop.get('/account')
    await inDatabaseOf(service, 'delete from account_events')
    t.match((await laptop.get('/account')).body, 'Nothing in the last 90 days.')
  })

  t.test('one sees nothing of what others do', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    const eves = browser()
    await eves.signUp(eve)
    await browser().logIn({ password: 'not the password at all' })
    await browser().logIn({ email: 'nobody@example.com' })
    t.strictSame(eventsIn((await eves.get('/account')).body), ['Signed up'])
  })

  t.test('nobody logged in: the login comes first, and nothing changes', async t => {
    const { browser, app } = await openService(t, settings())
    await browser().signUp()
    const before = await app.users.findByEmail(grace.email)
    for (const path of pages) {
      t.match(await browser().get(path), { status: 303, location: `/login?next=${encodeURIComponent(path)}` }, path)
    }
    const forms = {
      profile: { first_name: 'Eve', last_name: 'Eve' },
      email: { email: 'eve@example.com', current_password: grace.password },
      password: { current_password: grace.password, new_password: 'microseconds are longer wires' },
      delete: { current_password: grace.password },
      reauthenticate: { password: grace.password },
      confirm: { password: grace.password }
    }
    for (const [name, fields] of Object.entries(forms)) {
      t.match(await browser().submit(`/account/${name}`, fields), { status: 303, location: '/login' }, name)
    }
    t.strictSame(await app.users.findByEmail(grace.email), before)
  })

  t.test('a form sent from elsewhere changes nothing', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    for (const path of ['profile', 'email', 'password', 'delete', 'reauthenticate', 'confirm', 'devices/revoke-others']) {
      t.equal((await laptop.submit(`/account/${path}`, { password: grace.password }, { 'sec-fetch-site': 'cross-site' })).status, 403, path)
    }
    t.ok(await laptop.isLoggedIn())
  })

  t.test('names are changed, trimmed, and shown as text', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    t.match((await laptop.get('/account/profile')).body, 'value="Hopper"')
    t.match(await laptop.submit('/account/profile', { first_name: ' <b>محمد</b> ', last_name: 'بن موسى' }), { status: 303, location: '/account' })
    const { body } = await laptop.get('/account')
    t.match(body, '<bdi>&lt;b&gt;محمد&lt;/b&gt; بن موسى</bdi>')
    t.notMatch(body, '<b>')
  })

  t.test('a wrong name is named, and what was typed is kept', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    t.match(await laptop.submit('/account/profile', { first_name: ' ', last_name: 'Murray' }), { status: 400, body: /id="first_name-error"[^]*value="Murray"/ })
    t.match(await laptop.submit('/account/profile', { first_name: 'Grace' }), { status: 400, body: /id="last_name-error"/ })
    t.match(await laptop.submit('/account/profile', { first_name: 'x'.repeat(101), last_name: 'x'.repeat(101) }), { status: 400, body: /id="first_name-error"[^]*id="last_name-error"/ })
    t.equal((await laptop.submit('/account/profile', { first_name: 'Grace', last_name: 'Hopper', email: 'eve@example.com' })).status, 400)
    t.equal((await laptop.submit('/account/profile')).status, 400)
    t.match((await laptop.get('/account')).body, 'Grace Hopper')
  })

  t.test('with a new email one logs in, and the old one is free', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    t.match((await laptop.get('/account/email')).body, grace.email)
    t.match(await laptop.submit('/account/email', { email: ' Amazing@bücher.Example ', current_password: grace.password }), { status: 303, location: '/account' })
    t.ok(await laptop.isLoggedIn())
    t.equal((await browser().logIn()).status, 401)
    t.equal((await browser().logIn({ email: 'amazing@xn--bcher-kva.example' })).status, 303)
    t.equal((await browser().signUp()).status, 303)
  })

  t.test('what is no email is named, and an email that is taken as well', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await browser().signUp(eve)
    for (const email of ['not an address', '', `${' '.repeat(300)}a@example.com`]) {
      t.match(await laptop.submit('/account/email', { email, current_password: grace.password }), { status: 400, body: /id="email-error"/ }, email.slice(0, 10))
    }
    t.match(await laptop.submit('/account/email'), { status: 400, body: /id="email-error"[^]*id="current_password-error"/ })
    t.match(await laptop.submit('/account/email', { email: 'EVE@example.com', current_password: grace.password }), { status: 409, body: /already an account with this email[^]*value="EVE@example.com"/ })
    t.equal((await laptop.submit('/account/email', { email: 'a@example.com', current_password: grace.password, id: 'x' })).status, 400)
    const program = { accept: 'application/json' }
    t.match((await laptop.submit('/account/email', { email: eve.email, current_password: grace.password }, program)).json(), { statusCode: 409, code: 'EMAIL_TAKEN' })
    t.strictSame(eventsIn((await laptop.get('/account')).body), ['Signed up'])
  })

  t.test('of two people who take one email at once, one gets it, and the other gets the form back', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, eves] = [browser(), browser()]
    await laptop.signUp()
    await eves.signUp(eve)
    const answers = await Promise.all([laptop, eves].map(one => one.submit('/account/email', { email: 'both@example.com', current_password: grace.password })))
    t.strictSame(answers.map(({ status }) => status).toSorted(), [303, 409])
    t.match(answers.find(({ status }) => status === 409)!.body, 'id="email-error"')
  })

  t.test('a new email takes the current password, in the same form', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const change = (fields: Record<string, string>) => laptop.submit('/account/email', { email: 'new@example.com', ...fields })
    t.match(await change({ current_password: 'not the password at all' }), { status: 401, body: /That isn&#39;t your current password\.[^]*autofocus/ })
    t.match(await change({}), { status: 400, body: /value="new@example\.com"[^]*id="current_password-error"/ })
    t.equal((await browser().logIn()).status, 303, 'nothing changed')
    t.match(await change({ current_password: grace.password }), { status: 303, location: '/account' })
  })

  t.test('a page can ask for the password when it was given ten minutes ago, which leads back', async t => {
    const { browser, time } = await openService(t, settings(), { pages: diary })
    const laptop = browser()
    await laptop.signUp()
    time.pass(10 * MINUTE_MS - 1)
    t.equal((await laptop.get('/diary')).status, 200)
    time.pass(1)
    const reauthenticate = '/account/reauthenticate?next=%2Fdiary'
    t.match(await laptop.get('/diary?from=a+letter'), { status: 303, location: reauthenticate })
    t.match(await laptop.submit('/diary'), { status: 303, location: reauthenticate })
    t.match((await laptop.submit('/diary', {}, { accept: 'application/json' })).json(), { statusCode: 401, code: 'PASSWORD_REQUIRED' })
    t.match(await laptop.get(reauthenticate), { status: 200, body: /value="\/diary"/ })

    const before = laptop.cookies.get('session')!
    t.match(await laptop.submit('/account/reauthenticate', { password: grace.password, next: '/diary' }), { status: 303, location: '/diary' })
    t.not(laptop.cookies.get('session'), before)
    const thief = browser()
    thief.cookies.set('session', before)
    t.notOk(await thief.isLoggedIn(), 'the id from before opens nothing')
    time.pass(9 * MINUTE_MS)
    t.equal((await laptop.get('/diary')).status, 200)
    time.pass(MINUTE_MS)
    t.match(await laptop.get('/diary'), { status: 303, location: reauthenticate })
  })

  t.test('giving the password again keeps the session as it was: when it began, how long it is kept, what it holds', async t => {
    const { browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await laptop.logIn({ remember: 'on' })
    await laptop.get('/contact')
    time.pass(HOUR_MS)
    const sessionOf = async () => (await laptop.get('/session', { accept: 'application/json' })).json<{ session: object }>().session
    const before = await sessionOf()
    const { setCookies } = await laptop.submit('/account/reauthenticate', { password: grace.password })
    t.strictSame(await sessionOf(), before)
    t.match(setCookies.join(), /session=[^;]+; [^,]*Expires=/)
    t.match((await laptop.get('/about')).body, 'href="/contact">Contact</a> <time', 'and the history goes on')
  })

  t.test('a password given again takes the place of the one before, however often', async t => {
    const { browser, app, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    for (let times = 0; times < 3; times++) {
      time.pass(MINUTE_MS)
      t.equal((await laptop.submit('/account/reauthenticate', { password: grace.password })).status, 303)
      const [session] = await app.sessions.listOf((await app.users.findByEmail(grace.email))!.id)
      t.strictSame(session!.core.login!.proofs, [{ method: 'pwd', at: time.at }])
    }
  })

  t.test('a wrong password is a 401, a missing one is named, and neither counts as given', async t => {
    const { browser, time } = await openService(t, settings(), { pages: diary })
    const laptop = browser()
    await laptop.signUp()
    time.pass(HOUR_MS / 2)
    t.match(await laptop.submit('/account/reauthenticate', { password: 'not the password at all', next: '/account/email' }), { status: 401, body: /That isn&#39;t your current password\./ })
    t.match(await laptop.submit('/account/reauthenticate', { next: '/account/email' }), { status: 400, body: /value="\/account\/email"[^]*id="password-error"/ })
    t.equal((await laptop.submit('/account/reauthenticate', { password: 'x'.repeat(1025) })).status, 400)
    t.equal((await laptop.submit('/account/reauthenticate', { password: grace.password, user: 'eve' })).status, 400)
    t.equal((await laptop.get('/diary')).status, 303)
  })

  t.test('giving the password leads nowhere else', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    for (const next of ['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', 'javascript:alert(1)', '']) {
      t.match(await laptop.submit('/account/reauthenticate', { password: grace.password, next }), { status: 303, location: '/account' }, next)
      t.notMatch((await laptop.get(`/account/reauthenticate?next=${encodeURIComponent(next)}`)).body, 'name="next"', next)
    }
    t.equal((await laptop.get(`/account/reauthenticate?next=/${'x'.repeat(2048)}`)).status, 400)
  })

  t.test('the path of earlier releases leads to the new one, with the page to return to, and takes no password', async t => {
    const { browser, time } = await openService(t, settings(), { pages: diary })
    const laptop = browser()
    await laptop.signUp()
    time.pass(HOUR_MS / 2)
    const [moved, bare] = ['/account/reauthenticate?next=%2Fdiary%3Ffrom%3Dletter', '/account/reauthenticate']
    const next = '/diary?from=letter'
    t.match(await laptop.get(`/account/confirm?next=${encodeURIComponent(next)}`), { status: 303, location: moved })
    t.match(await laptop.submit('/account/confirm', { password: grace.password, next }), { status: 303, location: moved })
    t.match(await laptop.submit('/account/confirm', { password: '', next }), { status: 303, location: moved })
    t.equal((await laptop.get('/diary')).status, 303, 'it was not given here')
    t.match(await laptop.get('/account/confirm'), { status: 303, location: bare })
    t.match(await laptop.submit('/account/confirm'), { status: 303, location: bare })
    for (const next of ['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', '']) {
      t.match(await laptop.get(`/account/confirm?next=${encodeURIComponent(next)}`), { status: 303, location: bare }, next)
      t.match(await laptop.submit('/account/confirm', { password: grace.password, next }), { status: 303, location: bare }, next)
    }
    t.equal((await laptop.get(`/account/confirm?next=/${'x'.repeat(2048)}`)).status, 400)
    t.equal((await laptop.submit('/account/confirm', { next: `/${'x'.repeat(2048)}` })).status, 400)
  })

  t.test('the copy holds everything kept about this user, and nobody else', async t => {
    const { browser, time, app, log } = await openService(t, settings())
    const laptop = browser({ headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' } })
    await laptop.signUp()
    await browser().signUp(eve)
    await laptop.get('/contact')
    const at = new Date(time.at).toISOString()
    const answer = await laptop.get('/account/export')
    t.match(answer, { status: 200, headers: { 'content-disposition': 'attachment; filename="latchkey-account.json"', 'content-type': /^application\/json/, 'cache-control': 'no-store' } })
    const { id } = (await app.users.findByEmail(grace.email))!
    const where = { device: 'Firefox on Linux', address: '127.0.0.1' }
    const { handle } = (await app.sessions.listOf(id))[0]!
    t.strictSame(answer.json(), {
      profile: { id, email: grace.email, firstName: 'Grace', lastName: 'Hopper', createdAt: at, updatedAt: at },
      sessions: [{ handle, isThis: true, ...where, remembered: false, signedInAt: at, lastSeenAt: at, expiresAt: new Date(time.at + HOUR_MS).toISOString(), visits: [{ path: '/contact', at }] }],
      events: [{ ...where, type: 'signed up', at }]
    })
    t.notMatch(answer.body, /argon2|eve@|epoch/)
    t.match(log.filter(({ event }) => event === 'exported'), [{ outcome: 'success', user: id, session: handle }], 'the log has a line about it')
  })

  t.test('a copy that was taken before copies left no event is still told of', async t => {
    const { browser, app } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const { id: userId } = (await app.users.findByEmail(grace.email))!
    app.accountEvents.record({ userId, type: 'exported', address: '::1', device: 'Firefox on Linux' })
    t.match((await laptop.get('/account')).body, 'Downloaded a copy of the account')
    t.match((await laptop.get('/account/export')).json(), { events: [{ type: 'exported' }, { type: 'signed up' }] })
  })

  t.test('while events cannot be written logins go on, which the log says, and nothing is changed that would have one', async t => {
    const service = await openService(t, settings())
    const { app, log } = service
    const laptop = service.browser()
    await laptop.signUp()
    await inDatabaseOf(service, 'alter table account_events rename to elsewhere')
    t.teardown(() => inDatabaseOf(service, 'alter table elsewhere rename to account_events'))
    t.equal((await laptop.submit('/account/profile', { first_name: 'Amazing', last_name: 'Grace' })).status, 503)
    t.match(await app.users.findByEmail(grace.email), { firstName: 'Grace', lastName: 'Hopper' })
    t.equal((await laptop.logIn()).status, 303)
    await app.accountEvents.flush()
    t.ok(log.some(({ msg }) => msg === 'account events cannot be written: they wait in memory'))
    t.match(await laptop.get('/account'), { status: 503, headers: { 'retry-after': '5' } })
    t.equal((await laptop.get('/dashboard')).status, 200)
  })
})

function eventsIn (body: string): string[] {
  return [...body.matchAll(/<span>([^<]+)<\/span>\s*<time/g)].map(([, what]) => what!)
}
