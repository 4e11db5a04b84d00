import t from 'tap'
import { onSqliteAndRedis } from '../every-store.ts'
import { grace, openServer, openService, sqliteIn, type LogLine } from '../helper.ts'
import { isSecret, noSecretsIn } from '../secrets.ts'

const ada = { ...grace, email: 'ada@example.com' }
const wrong = 'not the password at all'
const phrase = 'another long enough phrase'

/** What was told since it was asked last. */
function events (log: LogLine[]): LogLine[] {
  return log.splice(0).filter(line => 'event' in line)
}

onSqliteAndRedis(t, async (t, settings) => {
  t.test('each event is one line with time, request, address, user, session, event and outcome', async t => {
    const { browser, log } = await openService(t, settings())
    const laptop = browser({ address: '203.0.113.7' })
    await laptop.signUp()
    const { id } = (await laptop.get('/session')).json<{ user: { id: string } }>().user
    const [line, ...rest] = events(log)
    t.match(line, { level: 30, time: Number, reqId: /^req-/, address: '203.0.113.7', user: id, session: /^[\w-]{43}$/, event: 'signed up', outcome: 'success' })
    t.strictSame(rest, [])

    const told = async (work: () => Promise<unknown>) => {
      await work()
      return events(log).map(({ event, outcome, user }) => [event, outcome, user === id])
    }
    const phone = browser()
    t.strictSame(await told(() => phone.logIn()), [['logged in', 'success', true]])
    t.strictSame(await told(() => browser().logIn({ password: wrong })), [['login failed', 'LOGIN_FAILED', true]])
    t.strictSame(await told(() => browser().logIn({ email: 'nobody@example.com' })), [['login failed', 'LOGIN_FAILED', false]])
    t.strictSame(await told(() => laptop.submit('/account/reauthenticate', { password: wrong })), [['password refused', 'PASSWORD_WRONG', true]])
    t.strictSame(await told(() => laptop.submit('/account/reauthenticate', { password: grace.password })), [['reauthenticated', 'success', true]])
    t.strictSame(await told(() => laptop.submit('/account/email', { email: ada.email, current_password: wrong })), [['password refused', 'PASSWORD_WRONG', true]])
    await browser().signUp(ada)
    events(log)
    t.strictSame(await told(() => laptop.submit('/account/email', { email: ada.email, current_password: grace.password })), [['reauthenticated', 'success', true], ['refused', 'EMAIL_TAKEN', true]])
    t.strictSame(await told(() => laptop.submit('/account/devices/revoke-others')), [['session revoked', 'success', true]])
    t.strictSame(await told(() => laptop.submit('/account/password', { current_password: grace.password, new_password: phrase })), [['reauthenticated', 'success', true], ['password changed', 'success', true]])
    t.strictSame(await told(() => laptop.logOut()), [['logged out', 'success', true]])
    await laptop.logIn({ password: phrase })
    events(log)
    t.strictSame(await told(() => laptop.submit('/account/delete', { current_password: phrase })), [['reauthenticated', 'success', true], ['account deleted', 'success', true]])
  })

  t.test('so is each refusal, with its code', async t => {
    const { browser, log } = await openService(t, settings())
    const laptop = browser()
    const refused = async (work: () => Promise<unknown>) => {
      await work()
      return events(log).map(({ event, outcome }) => [event, outcome])
    }
    t.strictSame(await refused(() => laptop.submit('/login', {}, { 'sec-fetch-site': 'cross-site' })), [['refused', 'FOREIGN_FORM']])
    t.strictSame(await refused(() => laptop.submit('/login', { email: grace.email })), [['refused', 'FORM_INCOMPLETE']])
    t.strictSame(await refused(() => laptop.submit('/login', 'email=a&email=b', { accept: 'application/json' })), [['refused', 'FORM_UNREADABLE']])
    t.strictSame(await refused(() => laptop.submit('/login', 'x'.repeat(20_000))), [['refused', 'FST_ERR_CTP_BODY_TOO_LARGE']])
    t.strictSame(await refused(() => laptop.get('/account', { accept: 'application/json' })), [['refused', 'LOGIN_REQUIRED']])
    t.strictSame(await refused(() => laptop.get('/account')), [['refused', 'LOGIN_REQUIRED']], 'also where a browser is led to the login')
    await laptop.signUp(ada)
    events(log)
    t.strictSame(await refused(() => laptop.submit('/account/email', { email: 'x@example.com' })), [['refused', 'FORM_INCOMPLETE']])
    t.strictSame(await refused(() => laptop.submit(`/account/devices/${'x'.repeat(43)}/revoke`)), [['refused', 'PAGE_NOT_FOUND']])
    t.strictSame(await refused(() => browser().signUp(ada)), [['refused', 'EMAIL_TAKEN']])
    for (let guess = 1; guess <= 5; guess++) await browser().logIn({ email: ada.email, password: wrong })
    events(log)
    t.strictSame(await refused(() => browser().logIn({ email: ada.email, password: wrong })), [['throttled', 'TOO_MANY_GUESSES']])
  })

  t.test('what a stranger sends is cut and escaped before it stands in the log', async t => {
    const { browser, log } = await openService(t, settings())
    await browser().get(`/${'a'.repeat(5000)}`)
    await browser().get('/line%0Abreak%1B[31m')
    for (const { req } of log as unknown as Array<{ req?: { path: string } }>) t.ok((req?.path.length ?? 0) <= 256)
    t.notMatch(JSON.stringify(log), 'a'.repeat(257))
    t.notMatch(JSON.stringify(log), '\n')
  })
})

t.test('a store outage is an error line that names the request, not what was to be stored', async t => {
  const { app, browser, log } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  events(log)
  sqliteIn(app).close()
  t.equal((await laptop.logIn()).status, 503)
  const [line, ...rest] = events(log)
  t.match(line, { level: 50, time: Number, reqId: /^req-/, event: 'failed', outcome: 'SESSIONS_UNAVAILABLE', err: { code: 'SESSIONS_UNAVAILABLE', stack: String, cause: { type: 'TypeError' } } })
  t.strictSame(rest, [])
})

t.test('the check that every test of the suite ends with sees a secret', async t => {
  const { app, log } = openServer(t)
  await app.ready()
  const password = `told to "nobody" ${process.pid}`
  isSecret(password)
  noSecretsIn(JSON.stringify(log))
  t.throws(() => noSecretsIn(JSON.stringify([...log, { msg: `hello ${password}` }])), /shows the secret/)
  t.throws(() => noSecretsIn(JSON.stringify([{ msg: '$argon2id$v=19' }])), /hash/)
})
