import { Client } from 'pg'
import t, { type Test } from 'tap'
import { postgresSettings } from '../../every-store.ts'
import { startFaultProxy, type FaultProxy } from '../../fault-proxy.ts'
import { grace, openService, type Browser, type Service } from '../../helper.ts'
import { type PostgresServer, startPostgresServer } from '../../postgres-server.ts'

const PARALLEL = 30
const MAX_CONNECTIONS = 30

const postgres = await startPostgresServer(t, '-c', `max_connections=${MAX_CONNECTIONS}`, '-c', 'superuser_reserved_connections=0')

interface Scene extends Service {
  proxy: FaultProxy
  laptop: Browser
}

/** A logged-in laptop, and a service whose way to PostgreSQL can fail. */
async function scene (t: Test): Promise<Scene> {
  const proxy = await startFaultProxy(t, postgres.port)
  const service = await openService(t, postgresSettings(through(proxy, postgres.newDatabase())))
  const laptop = service.browser()
  await laptop.signUp()
  return { ...service, proxy, laptop }
}

function through (proxy: FaultProxy, url: string): string {
  return url.replace(String(postgres.port), new URL(proxy.url).port)
}

/** What every outage has to look like from outside, and that it is over within two seconds. */
async function isOutage (t: Test, { browser, laptop }: Scene, end: (server: PostgresServer) => unknown) {
  const started = performance.now()
  const forms = Promise.all([laptop.logOut(), browser().logIn()])
  const [page, ready, ...answers] = await Promise.all([
    browser().get('/'), browser().get('/health/ready'), ...Array.from({ length: PARALLEL }, () => laptop.get('/dashboard'))
  ])
  t.ok(performance.now() - started < 1900, 'pages come within a second, give or take a busy machine')
  const [loggedOut, loggedIn] = await forms
  t.ok(performance.now() - started < 4000, 'forms within three')
  for (const answer of answers) t.match(answer, { status: 503, headers: { 'retry-after': '5' }, setCookies: [] }, 'the cookie is left alone')
  t.match(loggedOut, { status: 503, setCookies: [] }, 'a logout that could not be done says so')
  t.match(loggedIn, { status: 503, setCookies: [] })
  t.equal(page.status, 200, 'visitors have their pages')
  t.match(ready.json(), { status: 'unavailable', failing: ['sessions', 'users'] })
  await end(postgres)
  await recovers(t, browser())
  t.ok(await laptop.isLoggedIn(), 'nobody was logged out')
  t.equal((await laptop.logOut()).status, 303)
}

async function recovers (t: Test, visitor: Browser) {
  const deadline = performance.now() + 3000
  while ((await visitor.get('/health/ready')).status !== 200) {
    if (performance.now() > deadline) return t.fail('not back within three seconds')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

for (const fault of ['silent', 'cut'] as const) {
  t.test(`a way to PostgreSQL that is ${fault} is an outage, and ends by itself`, async t => {
    const it = await scene(t)
    it.proxy.set(fault)
    await isOutage(t, it, () => it.proxy.set('none'))
  })
}

t.test('a PostgreSQL that freezes, stops, or dies is an outage', async t => {
  const it = await scene(t)
  const outages: Array<[begin: () => Promise<void>, end: () => unknown]> = [[postgres.freeze, postgres.thaw], [postgres.stop, postgres.start], [postgres.kill, postgres.start]]
  for (const [begin, end] of outages) {
    await it.laptop.logIn()
    await begin()
    await isOutage(t, it, end)
  }
})

t.test('a PostgreSQL that has no connection left is an outage', async t => {
  const it = await scene(t)
  // Until all are taken the service has none: what it writes in the background would take one first.
  it.proxy.set('cut')
  await postgres.stop()
  await postgres.start()
  const others = Array.from({ length: MAX_CONNECTIONS }, () => new Client({ connectionString: it.app.config.postgresUrl!.replace(new URL(it.proxy.url).port, String(postgres.port)) }))
  await Promise.all(others.map(other => other.connect()))
  it.proxy.set('none')
  await isOutage(t, it, () => Promise.all(others.map(other => other.end())))
})

t.test('a PostgreSQL that is down when the service starts: pages for visitors, 503 for the rest, recovery without a restart', async t => {
  const url = postgres.newDatabase()
  await postgres.stop()
  const { browser, log } = await openService(t, postgresSettings(url))
  for (const path of ['/', '/about', '/contact', '/login', '/signup', '/health/live']) {
    t.match(await browser().get(path), { status: 200, setCookies: [] }, path)
  }
  t.match(await browser().signUp(), { status: 503, headers: { 'retry-after': '5' }, setCookies: [] })
  t.match((await browser().get('/health/ready')).json(), { status: 'unavailable', failing: ['sessions', 'users'] })
  t.match(log.find(({ msg }) => msg === 'the database does not answer yet'), { err: { code: 'USERS_UNAVAILABLE' } })

  await postgres.start()
  await recovers(t, browser())
  t.equal((await browser().signUp()).status, 303, 'the tables were made on the way')
  t.notOk(log.some(line => JSON.stringify(line).includes(grace.password)))
})

t.test('an event that is recorded while PostgreSQL is away is written when it is back', async t => {
  const { app, log, time, laptop, proxy } = await scene(t)
  const { id: userId } = (await app.users.findByEmail(grace.email))!
  const types = async () => (await app.accountEvents.listOf(userId)).map(({ type }) => type)
  t.strictSame(await types(), ['signed up'])
  proxy.set('cut')
  app.accountEvents.record({ userId, type: 'logged out', address: '::1', device: 'Firefox on Linux' })
  await app.accountEvents.flush()
  proxy.set('none')
  await recovers(t, laptop)
  time.pass(5_000)
  t.strictSame(await types(), ['logged out', 'signed up'])
  t.match(log.filter(({ msg }) => msg.startsWith('account events')).map(({ msg }) => msg), ['account events cannot be written: they wait in memory', 'account events are written again'])
})
