import t from 'tap'
import { loadConfig } from '../src/config/config.ts'
import { DAY_MS, HOUR_MS, openServer, openService, sqliteIn } from './helper.ts'
import { latchkey } from '../src/latchkey.ts'

// What the stack does unless told otherwise, and that a login here is not hurt by it.

const https = { PUBLIC_URL: 'https://login.example.com', TRUSTED_PROXIES: '127.0.0.1' }
const throughProxy = { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'login.example.com' } }
const oldSecret = 'the old secret that nobody else knows'
const newSecret = 'the new secret that nobody else knows'

t.test('@fastify/session replaces the session at regenerate(), and the old id is dead', async t => {
  const { browser, app } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const old = laptop.cookies.get('session')!
  await laptop.logIn()
  t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 1)
  laptop.cookies.set('session', old)
  t.notOk(await laptop.isLoggedIn())
})

t.test('@fastify/session leaves the cookie in the browser after destroy(): a logout clears it', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  await laptop.logOut()
  t.notOk(laptop.cookies.has('session'))
})

t.test('@fastify/session sets no SameSite unless told: ours is Lax', async t => {
  const { browser } = await openService(t)
  t.match((await browser().signUp()).setCookies, [/; Path=\/; HttpOnly; SameSite=Lax$/])
})

t.test('@fastify/session clears a cookie without Secure, which browsers ignore for __Host- names: ours is cleared with it', async t => {
  const { browser } = await openService(t, https)
  const laptop = browser(throughProxy)
  await laptop.signUp()
  t.ok(laptop.cookies.has('__Host-session'))
  t.match(await laptop.logOut(), { setCookies: [/^__Host-session=; Max-Age=0; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/] })
  laptop.cookies.set('__Host-session', 'invented')
  t.match(await laptop.get('/login'), { setCookies: [/^__Host-session=; Max-Age=0; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/] })
  t.notOk(laptop.cookies.has('__Host-session'))
})

t.test("@fastify/session lets the config's maxAge override a session's own: each login has its own expiry", async t => {
  const { browser, time } = await openService(t)
  const laptop = browser()
  t.notMatch((await laptop.signUp()).setCookies[0], 'Expires')
  const [remembered] = (await laptop.logIn({ remember: 'on' })).setCookies
  const expires = Date.parse(/Expires=([^;]+)/.exec(remembered!)![1]!)
  t.ok(Math.abs(expires - time.at - 30 * DAY_MS) < HOUR_MS)
  time.pass(DAY_MS)
  t.strictSame((await laptop.get('/dashboard')).setCookies, [], 'a renewal tells the browser nothing that it does not know')
})

t.test('@fastify/session clears a cookie that an older secret signed: here its owner stays logged in, and it is signed anew', async t => {
  const before = await openService(t, { SESSION_SECRET: oldSecret })
  const laptop = before.browser()
  await laptop.signUp()
  const old = laptop.cookies.get('session')!
  await before.app.close()

  const rotated = await openService(t, { SESSION_SECRET: `${newSecret},${oldSecret}` }, { folder: before.folder })
  const sameLaptop = rotated.browser()
  sameLaptop.cookies.set('session', old)
  t.match(await sameLaptop.get('/dashboard'), { status: 200, setCookies: [/^session=/] })
  t.not(sameLaptop.cookies.get('session'), old)
  await rotated.app.close()

  const { browser } = await openService(t, { SESSION_SECRET: newSecret }, { folder: before.folder })
  const resigned = browser()
  resigned.cookies.set('session', sameLaptop.cookies.get('session')!)
  t.ok(await resigned.isLoggedIn(), 'the new cookie needs the old secret no more')
  const late = browser()
  late.cookies.set('session', old)
  t.match(await late.get('/dashboard'), { status: 303, setCookies: [/^session=; Max-Age=0/] }, 'and the old one is logged out without a fault')
})

t.test('@fastify/session does not check the elements of a secret list: a short one stops the start', async t => {
  t.throws(() => loadConfig({ SESSION_SECRET: `${newSecret},short` }, 'no.env'), /^SESSION_SECRET was given something else .* at least 32 characters/)
})

t.test('@fastify/session silently sets no cookie when it is Secure and no proxy is trusted: here the login says so', async t => {
  const before = await openService(t, https)
  await before.browser(throughProxy).signUp()
  await before.app.close()
  const { browser, log } = await openService(t, { PUBLIC_URL: https.PUBLIC_URL }, { folder: before.folder })
  const answer = await browser(throughProxy).logIn()
  t.match(answer, { status: 503, setCookies: [], body: /set up for https/ })
  t.match(log.filter(({ level }) => level === 50)[0]!.msg, 'TRUSTED_PROXIES')
})

t.test('@fastify/session breaks on a stored field named like a method: such a record is not ours', async t => {
  const { browser, app } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  sqliteIn(app).exec("update sessions set fields = json_set(fields, '$.fields.save', 1)")
  t.match(await laptop.get('/dashboard'), { status: 303, setCookies: [/^session=; Max-Age=0/] })
})

t.test('Fastify believes the headers of anybody with trustProxy on, and of nobody with a number: here of the named proxies', async t => {
  const { app, config } = openServer(t, https)
  await app.register(latchkey, { config })
  app.get('/who', async request => ({ ip: request.ip, protocol: request.protocol }))
  const seen = async (remoteAddress: string) => (await app.inject({ url: '/who', remoteAddress, headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.9', 'x-forwarded-proto': 'https' } })).json()
  t.strictSame(await seen('127.0.0.1'), { ip: '203.0.113.9', protocol: 'https' }, 'the chain is read from the right')
  t.strictSame(await seen('192.0.2.66'), { ip: '192.0.2.66', protocol: 'http' })
})

t.test('Fastify writes the message of an unexpected error into its answer: ours does not', async t => {
  const { app, config, log } = openServer(t)
  await app.register(latchkey, { config })
  app.get('/fault', async () => { throw new Error('/etc/secret of db.internal') })
  const answer = await app.inject({ url: '/fault', headers: { accept: 'application/json' } })
  t.strictSame(answer.json(), { statusCode: 500, code: 'INTERNAL_SERVER_ERROR', error: 'Internal Server Error', message: 'This is our mistake, and it was written down. Please try again later.' })
  t.match((await app.inject('/fault')).body, /Something went wrong here/)
  t.ok(log.some(({ level }) => level === 50), 'it is in the log')
})

t.test('Fastify cuts neither a slow sender nor one who takes no answer, unless told', async t => {
  const { app } = openServer(t)
  t.match(app.initialConfig, { requestTimeout: 8000, connectionTimeout: 30000, bodyLimit: 16384 })
  t.equal(app.server.headersTimeout, 8000)
})
