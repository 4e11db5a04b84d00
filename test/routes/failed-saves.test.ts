import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { Browser, MINUTE_MS, openService, sqliteIn } from '../helper.ts'

declare module 'fastify' {
  interface Session {
    /** What no session holds, when it is too long. */
    novel?: string
  }
}

async function application (app: FastifyInstance): Promise<void> {
  app.get('/novel', async request => {
    request.session.novel = 'x'.repeat(100_000)
    return { ok: true }
  })
}

t.test('a session that cannot be saved now is one 503 page, and the cookie stays', async t => {
  const { app, browser, time } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const other = new Sqlite(sqliteIn(app).name)
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  time.pass(MINUTE_MS)
  t.match(await laptop.get('/dashboard'), { status: 503, headers: { 'retry-after': '5' }, setCookies: [], body: /does not work right now/ })
  t.match(await laptop.get('/nowhere'), { status: 404, setCookies: [] })
  other.exec('ROLLBACK')
  t.equal((await laptop.get('/dashboard')).status, 200)
})

t.test('a session that no store takes is a 500 that tells nothing', async t => {
  const { browser } = await openService(t, {}, { pages: application })
  const laptop = browser()
  await laptop.signUp()
  const answer = await laptop.get('/novel', { accept: 'application/json' })
  t.strictSame(answer.json(), { statusCode: 500, code: 'INTERNAL_SERVER_ERROR', error: 'Internal Server Error', message: 'This is our mistake, and it was written down. Please try again later.' })
  t.ok(await laptop.isLoggedIn())
})

t.test('the late answer of one tab does not log out the login of another', async t => {
  let arrive = () => {}
  let open = () => {}
  const arrived = new Promise<void>(resolve => { arrive = resolve })
  const opened = new Promise<void>(resolve => { open = resolve })
  async function slowPage (app: FastifyInstance): Promise<void> {
    app.get('/slow', async request => {
      arrive()
      await opened
      request.session.novel = 'short'
      return { ok: true }
    })
  }
  const { browser } = await openService(t, {}, { pages: slowPage })
  const laptop = browser()
  await laptop.signUp()
  const slow = laptop.get('/slow')
  await arrived
  await laptop.logIn()
  open()
  t.match(await slow, { status: 200, setCookies: [] })
  t.ok(await laptop.isLoggedIn())
})

t.test('of two session cookies both go, wherever they lie', async t => {
  const https = { PUBLIC_URL: 'https://login.example.com', TRUSTED_PROXIES: '127.0.0.1', COOKIE_DOMAIN: 'login.example.com' }
  const { app, browser } = await openService(t, https)
  const laptop = browser({ headers: { 'x-forwarded-proto': 'https' } })
  await laptop.signUp()
  const own = laptop.cookies.get('__Secure-session')
  const twice = new Browser(app, { headers: { 'x-forwarded-proto': 'https', cookie: `__Secure-session=${own}; __Secure-session=planted` } })
  const { status, setCookies } = await twice.get('/dashboard')
  t.equal(status, 303)
  t.strictSame(setCookies.map(line => /Domain=([^;]+)/.exec(line)?.[1]), [undefined, 'login.example.com', 'example.com'])
  const login = await twice.logIn()
  t.match(login.setCookies.find(line => line.startsWith('__Secure-session=') && !line.includes('Max-Age=0')), 'Domain=login.example.com')
  t.notOk(login.setCookies.some(line => line.includes('Max-Age=0') && line.includes('Domain=login.example.com')), 'the new one is not cleared')
})

t.test('a service that is asked to stop still answers, and says that it is no longer ready', async t => {
  const { app, browser } = await openService(t)
  app.stop.isAsked = true
  t.strictSame((await browser().get('/health/ready')).json(), { status: 'unavailable', failing: ['stopping'] })
  t.equal((await browser().get('/login')).status, 200)
})

t.test('a password hash that cannot be read fits no password', async t => {
  const { app, browser } = await openService(t)
  await browser().signUp()
  sqliteIn(app).exec("update credentials set secret = '$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghijklmnopq'")
  t.equal((await browser().logIn()).status, 401)
})
