import { Redis } from 'ioredis'
import t from 'tap'
import { onEveryStore } from '../every-store.ts'
import { grace, openService } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'

t.test('signing up logs in at once', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  const answer = await laptop.signUp()
  t.match(answer, { status: 303, location: '/dashboard' })
  t.match(await laptop.get('/dashboard'), { status: 200, body: /Grace/ })
})

t.test('signing up gives the visitor a new session id', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.get('/')
  const planted = laptop.cookies.get('session')!
  await laptop.signUp()
  t.not(laptop.cookies.get('session'), planted)
  const intruder = browser()
  intruder.cookies.set('session', planted)
  t.notOk(await intruder.isLoggedIn(), 'the id from before opens nothing')
})

t.test('an email has one account, however it is written', async t => {
  const { browser, app } = await openService(t)
  await browser().signUp({ ...grace, email: 'Grace@bücher.Example' })
  const answer = await browser().signUp({ ...grace, email: ' grace@xn--bcher-kva.example ' })
  t.match(answer, { status: 409, body: /has an account already/ })
  t.notOk(answer.setCookies.length, 'and nobody is logged in')
  t.ok(await app.users.findByEmail('grace@xn--bcher-kva.example'))
})

t.test('fifty parallel sign-ups with one email in different spellings make one user', t => onEveryStore(t, async (t, settings) => {
  const { app, browser } = await openService(t, settings())
  const spellings = ['grace@bücher.example', ' GRACE@bücher.example', 'Grace@BÜCHER.example ', 'grace@xn--bcher-kva.example', 'grace@bu\u0308cher.example']
  const offers = Array.from({ length: 50 }, (_, number) => ({ address: `203.0.113.${number}`, email: spellings[number % spellings.length]! }))
  const answers = await Promise.all(offers.map(({ address, email }) => browser({ address }).signUp({ ...grace, email })))
  t.strictSame(answers.map(({ status }) => status).sort(), [303, ...Array(49).fill(409)])
  t.equal((await app.users.list({ limit: 10 })).length, 1)
}))

t.test('each wrong field is named, the email is kept, the password is not', async t => {
  const { browser } = await openService(t)
  const answer = await browser().signUp({ first_name: '   ', last_name: 'x'.repeat(101), email: 'not an address', password: 'too short' })
  t.equal(answer.status, 400)
  for (const name of ['first_name', 'last_name', 'email', 'password']) t.match(answer.body, `href="#${name}"`, name)
  t.match(answer.body, 'value="not an address"')
  t.notMatch(answer.body, 'too short')
})

t.test('a name with invisible characters is refused with a sentence that says so, also when it is changed', async t => {
  const { browser, app } = await openService(t)
  const laptop = browser()
  t.match(await laptop.signUp({ ...grace, first_name: 'Gra\u200bce' }), { status: 400, body: /Your first name contains invisible characters\./ })
  t.match(await laptop.signUp({ ...grace, last_name: '\u202erepp' }), { status: 400, body: /Your last name contains invisible characters\./ })
  t.match(await laptop.signUp({ ...grace, last_name: '' }), { status: 400, body: /Enter your last name \(up to 100 characters\)\./ })
  await laptop.signUp()
  t.match(await laptop.submit('/account/profile', { first_name: 'Grace', last_name: 'Hop\u{e0041}per' }), { status: 400, body: /Your last name contains invisible characters\./ })
  t.match(await app.users.findByEmail(grace.email), { firstName: 'Grace', lastName: 'Hopper' })
})

t.test('a name with invisible characters from before they were refused is still read', async t => {
  const { browser, app } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const { id } = (await app.users.findByEmail(grace.email))!
  await app.transact([{ update: 'user', where: { id }, set: { firstName: 'Gra\u200bce', lastName: 'Hopper\u202e' } }])
  t.match((await laptop.get('/session')).json(), { user: { firstName: 'Gra\u200bce', lastName: 'Hopper\u202e' } })
  for (const path of ['/dashboard', '/account', '/account/profile', '/account/export']) t.match(await laptop.get(path), { status: 200, body: /Gra\u200bce/ }, path)
})

t.test('a field that is missing is named', async t => {
  const { browser } = await openService(t)
  const { password, ...rest } = grace
  const answer = await browser().signUp(rest)
  t.match(answer, { status: 400, body: /href="#password"/ })
  t.notMatch(answer.body, 'href="#email"')
})

t.test('a password may be anything of at least the set length', async t => {
  const { browser } = await openService(t, { PASSWORD_MIN_LENGTH: '8' })
  const password = ' ẞ🗝 " <b>'
  t.equal((await browser().signUp({ ...grace, password })).status, 303)
  t.equal((await browser().logIn({ password })).status, 303)
  t.equal((await browser().logIn({ password: password.trim() })).status, 401, 'nothing is trimmed')
})

t.test('a password that is guessed early, or is mostly what others know, is refused with its reason', async t => {
  const { browser } = await openService(t, { PUBLIC_URL: 'http://login.parrot-farm.example' })
  const reasons = {
    passwordpassword: /easy to guess/,
    'Grace Hopper 1906': /mostly your name, your email/,
    'grace@example.com': /mostly your name, your email/,
    'parrot-farm.example': /the name of this site/,
    latchkeylatchkey: /the name of this site/,
    'too short': /at least 15 characters\./,
    ['é'.repeat(513)]: /up to 1,024 bytes/
  }
  for (const [password, reason] of Object.entries(reasons)) {
    t.match(await browser().signUp({ ...grace, password }), { status: 400, body: reason, setCookies: [] }, password)
  }
  t.equal((await browser().signUp()).status, 303, 'nothing was kept of these tries')
})

t.test('the reason stands beside every other wrong field', async t => {
  const { browser } = await openService(t)
  const { body } = await browser().signUp({ first_name: ' ', password: 'pass word' })
  for (const name of ['first_name', 'last_name', 'email', 'password']) t.match(body, `href="#${name}"`, name)
  t.match(body, 'Choose a password of at least 15 characters.')
  t.notMatch(body, 'pass word')
})

t.test('a program hears which code an error has', async t => {
  const { browser } = await openService(t)
  const program = browser({ headers: { accept: 'application/json' } })
  t.match((await program.signUp({ email: 'x' })).json(), { statusCode: 400, code: 'FORM_INCOMPLETE', error: 'Bad Request' })
  await program.signUp()
  t.match((await program.signUp()).json(), { statusCode: 409, code: 'EMAIL_TAKEN', error: 'Conflict' })
})

t.test('names with markup are shown as text', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp({ ...grace, first_name: '<script>alert(1)</script>' })
  const { body } = await laptop.get('/dashboard')
  t.notMatch(body, '<script>')
  t.match(body, '&lt;script&gt;')
})

t.test('whoever is logged in has no use for the form', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  t.match(await laptop.get('/signup'), { status: 200, body: /new-password/ })
  await laptop.signUp()
  t.match(await laptop.get('/signup'), { status: 303, location: '/dashboard' })
})

t.test('a sign-up whose session cannot be stored leaves no account', async t => {
  const server = await startRedisServer(t)
  const operator = new Redis(server.url)
  t.teardown(() => operator.disconnect())
  const allow = (keys: string) => operator.acl('SETUSER', 'limited', 'reset', 'on', '>pass-phrase', keys, '+@all')
  await allow('~latchkey:throttle:*')
  const { app, browser } = await openService(t, { REDIS_URL: server.url.replace('//', '//limited:pass-phrase@'), SESSION_SECRET: 'a secret that all machines share' })
  t.match(await browser().signUp(), { status: 503, setCookies: [] })
  t.equal(await app.users.count(), 0)
  await allow('~latchkey:*')
  t.match(await browser().signUp(), { status: 303, location: '/dashboard' })
})
