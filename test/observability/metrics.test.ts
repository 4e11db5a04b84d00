import { type AddressInfo, connect, createServer } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { fillAdmission } from '../crowd.ts'
import { postgresSettings, redisSettings } from '../every-store.ts'
import { startFakeSentinel } from '../fake-sentinel.ts'
import { freePort } from '../free-port.ts'
import { grace, MINUTE_MS, openService, type Settings, sqliteIn } from '../helper.ts'
import { newPostgresDatabase } from '../postgres-server.ts'
import { startRedisServer } from '../redis-server.ts'
import { until } from '../until.ts'

async function openMeasured (t: Test, settings: Settings = {}) {
  const port = await freePort()
  const service = await openService(t, { METRICS_PORT: String(port), ...settings })
  const ask = async (path = '/metrics') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }
  /** The value of a metric, by its name and labels as Prometheus writes them. */
  const value = async (name: string) => {
    const line = (await ask()).text.split('\n').find(line => line.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length + 1))
  }
  return { ...service, ask, value }
}

t.test('without METRICS_PORT nothing is measured', async t => {
  const { app, browser } = await openService(t)
  t.equal(app.metrics, null)
  t.equal((await browser().get('/metrics')).status, 404)
})

t.test('requests are counted by method, route and code, with how long they took', async t => {
  const { browser, value } = await openMeasured(t)
  await browser().get('/about?x=1')
  await browser().get('/about')
  await browser().get('/no/such/page')
  t.equal(await value('http_request_duration_seconds_count{method="GET",route="/about",code="200"}'), 2)
  t.equal(await value('http_request_duration_seconds_count{method="GET",route="none",code="404"}'), 1)
})

t.test('what is no request is counted as refused', async t => {
  const { app, value } = await openMeasured(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1', () => socket.write('garbage\r\n\r\n'))
  await once(socket.resume(), 'close')
  t.equal(await value('latchkey_events_total{event="refused",outcome="REQUEST_UNREADABLE"}'), 1)
})

t.test('logins are counted by outcome', async t => {
  const { app, browser, value } = await openMeasured(t)
  await browser().signUp()
  await browser().logIn()
  for (let guess = 1; guess <= 6; guess++) await browser().logIn({ password: 'not the password at all' })
  const logins = (event: string, outcome: string) => value(`latchkey_events_total{event="${event}",outcome="${outcome}"}`)
  t.equal(await logins('signed up', 'success'), 1)
  t.equal(await logins('logged in', 'success'), 1)
  t.equal(await logins('login failed', 'LOGIN_FAILED'), 5)
  t.equal(await logins('throttled', 'TOO_MANY_GUESSES'), 1)
  sqliteIn(app).close()
  await browser().logIn({ email: 'ada@example.com' })
  t.equal(await logins('failed', 'USERS_UNAVAILABLE'), 1)
})

t.test('so are the calls of the stores, and those that failed', async t => {
  const { app, browser, value } = await openMeasured(t)
  const laptop = browser()
  await laptop.signUp()
  const calls = async () => [
    await value('latchkey_store_duration_seconds_count{store="sessions",operation="read"}'),
    await value('latchkey_store_duration_seconds_count{store="users",operation="findById"}')
  ]
  const [reads = 0, lookups = 0] = await calls()
  await laptop.get('/dashboard')
  t.strictSame(await calls(), [reads + 1, lookups + 1])
  t.equal(await value('latchkey_store_errors_total{store="sessions",operation="read"}'), undefined)
  sqliteIn(app).close()
  await laptop.get('/dashboard')
  t.equal(await value('latchkey_store_errors_total{store="sessions",operation="read"}'), 1)
})

t.test('the state of each connection to a store is a metric', async t => {
  const redis = await startRedisServer(t)
  const { app, value } = await openMeasured(t, redisSettings(redis.url))
  const up = (connection: string) => value(`latchkey_connection_up{connection="${connection}"}`)
  await until('invalidations to be pushed', async () => await up('redis invalidations') === 1)
  t.strictSame([await up('redis'), await up('sqlite')], [1, 1])
  await redis.stop()
  await until('invalidations to be missing', async () => await up('redis invalidations') === 0)
  t.equal(await up('redis'), 0)
  t.equal(await up('sqlite'), 1)
  await redis.start()
  await until('Redis to be back', async () => await up('redis') === 1 && await up('redis invalidations') === 1)
  sqliteIn(app).close()
  t.equal(await up('sqlite'), 0)
})

t.test('so is that of each sentinel', async t => {
  const redis = await startRedisServer(t)
  const sentinels = [await startFakeSentinel(t), await startFakeSentinel(t)] as const
  sentinels[0].names(redis.port)
  const { value } = await openMeasured(t, redisSettings(`redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/latchkey`))
  const up = (connection: string) => value(`latchkey_connection_up{connection="${connection}"}`)
  const areUp = () => Promise.all(sentinels.map(({ port }) => up(`sentinel 127.0.0.1:${port}`)))
  await until('both to be connected', async () => (await areUp()).every(Boolean))
  await sentinels[1].stop()
  await until('one to be away', async () => (await areUp())[1] === 0)
  t.strictSame([await up('redis'), ...await areUp()], [1, 1, 0])
})

t.test('so is that of PostgreSQL', async t => {
  const { value } = await openMeasured(t, postgresSettings(await newPostgresDatabase(t)))
  t.equal(await value('latchkey_connection_up{connection="postgresql"}'), 1)
  t.equal(await value('latchkey_connection_up{connection="sqlite"}'), undefined)
})

t.test('live sessions are counted once in ten minutes', async t => {
  const { browser, time, value } = await openMeasured(t)
  await browser().signUp()
  t.equal(await value('latchkey_sessions'), 1)
  await browser().logIn()
  t.equal(await value('latchkey_sessions'), 1)
  time.pass(10 * MINUTE_MS)
  t.equal(await value('latchkey_sessions'), 2)
})

t.test('what cannot be counted is told as no number', async t => {
  const { app, value } = await openMeasured(t)
  sqliteIn(app).close()
  t.ok(Number.isNaN(await value('latchkey_sessions')))
})

t.test('the line for hashing and the event loop are seen', async t => {
  const { app, value } = await openMeasured(t)
  t.equal(await value('latchkey_passwords_waiting'), 0)
  t.equal(await value('latchkey_passwords_oldest_wait_seconds'), 0)
  const crowd = fillAdmission(app)
  t.equal(await value('latchkey_passwords_waiting'), app.admission.waiting())
  t.ok((await value('latchkey_passwords_oldest_wait_seconds'))! > 0)
  await crowd.disperse()
  t.equal(await value('latchkey_passwords_waiting'), 0)
  t.type(await value('nodejs_eventloop_lag_mean_seconds'), 'number')
})

t.test('they are Prometheus text at one path, and name nobody', async t => {
  const { ask, browser } = await openMeasured(t)
  await browser().signUp()
  const { status, type, text } = await ask()
  t.match({ status, type }, { status: 200, type: /^text\/plain; version=0\.0\.4/ })
  t.notMatch(text, grace.email)
  t.equal((await ask('/')).status, 404)
})

t.test('a port that is taken stops the start with one sentence', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  await t.rejects(openService(t, { METRICS_PORT: String(port) }), {
    message: `METRICS_PORT was given "127.0.0.1:${port}", but nothing can be served there (EADDRINUSE).`
  })
})

t.test('events that were dropped are counted', async t => {
  const { app, browser, value } = await openMeasured(t)
  await browser().signUp()
  const { id: userId } = (await app.users.findByEmail(grace.email))!
  t.equal(await value('latchkey_account_events_dropped_total'), 0)
  for (let login = 0; login < 1_003; login++) app.accountEvents.record({ userId, type: 'logged in', address: '::1', device: 'Firefox on Linux' })
  t.equal(await value('latchkey_account_events_dropped_total'), 3)
  t.equal(await value('latchkey_account_events_dropped_total'), 3)
})
