import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { takeLock } from '../src/stores/sqlite/file-lock.ts'
import { freePort } from './free-port.ts'
import { DAY_MS, grace, MINUTE_MS, openService, type Service, sqliteIn } from './helper.ts'

t.test('a service that starts removes what expired while nobody looked', async t => {
  const before = await openService(t)
  await before.browser().get('/')
  await before.browser().signUp()
  await before.app.close()

  const { app } = await openService(t, {}, { folder: before.folder, later: 2 * DAY_MS })
  const rows = () => sqliteIn(app).prepare('select count(*) from sessions').pluck().get()
  t.equal(rows(), 2)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await until(() => rows() === 0)
})

t.test('a store that cannot be swept now stops nothing', async t => {
  const { app, browser, log } = await openService(t)
  // Counters have a connection of their own.
  sqliteIn(app).exec('drop table throttle')
  sqliteIn(app).close()
  await app.sessionCleanup.end('x'.repeat(43))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const said = (what: string) => log.find(({ msg }) => msg === what)
  await until(() => said('old account events were not removed') !== undefined)
  t.match(said('expired sessions were not removed'), { err: { code: 'SESSIONS_UNAVAILABLE' } })
  t.match(said('ended sessions were not removed'), { err: { code: 'SESSIONS_UNAVAILABLE' } })
  t.match(said('old account events were not removed'), { err: { code: 'USERS_UNAVAILABLE' } })
  await until(() => said('expired devices were not removed') !== undefined)
  t.ok(said('expired counters were not removed'))
  t.equal((await browser().get('/health/live')).status, 200)
})

t.test('what happened more than 90 days ago is removed at the start', async t => {
  const before = await openService(t)
  await before.browser().signUp()
  const { id: userId } = (await before.app.users.findByEmail(grace.email))!
  before.app.accountEvents.record({ userId, type: 'exported', address: '::1', device: 'Firefox on Linux' })
  await before.app.close()

  const { app } = await openService(t, {}, { folder: before.folder, later: 91 * DAY_MS })
  t.ok((await app.accountEvents.listOf(userId)).some(({ type }) => type === 'exported'), 'what waited to be written when the service stopped is there')
  await app.listen({ port: 0, host: '127.0.0.1' })
  await until(async () => (await app.accountEvents.listOf(userId)).length === 0)
})

t.test('expired counters and devices are removed at the start', async t => {
  const before = await openService(t)
  await before.browser().signUp()
  await before.browser().logIn({ password: 'not the password at all' })
  const count = ({ app }: Service, table: string) => sqliteIn(app).prepare(`select count(*) from ${table}`).pluck().get()
  t.not(count(before, 'throttle'), 0)
  t.equal(count(before, 'known_devices'), 1)
  await before.app.close()

  const later = await openService(t, {}, { folder: before.folder, later: 401 * DAY_MS })
  await later.app.listen({ port: 0, host: '127.0.0.1' })
  await until(() => count(later, 'throttle') === 0 && count(later, 'known_devices') === 0)
})

/** As many expired sessions, and how many of them are left. */
function expired ({ app }: Service, count: number) {
  sqliteIn(app).exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count}) insert into sessions select 'old-' || i, null, 1, '{}', 0 from n`)
  return () => Number(sqliteIn(app).prepare('select count(*) from sessions').pluck().get())
}

t.test('a stop breaks off a sweep without a word in the log', async t => {
  const service = await openService(t)
  const left = expired(service, 20_000)
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  await until(() => left() < 20_000)
  t.ok(left() > 0)
  const { name } = sqliteIn(service.app)
  await service.app.close()
  await until(() => isUnlocked(`${name}.sweep`))
  for (let turn = 0; turn < 10; turn++) await nextTurn()
  t.strictSame(service.log.filter(({ msg }) => msg.endsWith('not removed')), [])
})

t.test('a sweep that takes longer than until the next turn is not joined by another', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const service = await openService(t, { METRICS_PORT: String(await freePort()) })
  const left = expired(service, 2_000)
  const sweeps = async () => Number(/^latchkey_store_duration_seconds_count.*operation="sweep".* (\d+)$/m.exec(await service.app.metrics!.text())?.[1])
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  mock.timers.tick(10 * MINUTE_MS)
  mock.timers.tick(10 * MINUTE_MS)
  await until(async () => left() === 0 && await sweeps() > 0)
  t.equal(await sweeps(), 1)
  await until(async () => { mock.timers.tick(10 * MINUTE_MS); return await sweeps() === 2 })
})

/** When a sweep ends, it lets go of its lock. */
function isUnlocked (path: string): boolean {
  try {
    takeLock(path, 0)()
    return true
  } catch {
    return false
  }
}

/** Nobody waits for a sweep, except these tests; one that never gets there runs into tap's timeout. */
async function until (isSo: () => boolean | Promise<boolean>) {
  while (!await isSo()) await nextTurn()
}
