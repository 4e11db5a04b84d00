import { closeSync, cpSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSqlite } from '../../../src/stores/sqlite/open-sqlite.ts'
import { redisSettings } from '../../every-store.ts'
import { type Answer, type Browser, grace, MINUTE_MS, openService, type Service } from '../../helper.ts'
import { startRedisServer } from '../../redis-server.ts'

/*
 * The database's file is taken away from a running service, or damaged. Nothing is confirmed that a restart would forget.
 */

const ada = { ...grace, email: 'ada@example.com' }

/** Each takes the file at the path away, or what belongs to it. */
const accidents: Record<string, (path: string, folder: string) => void> = {
  'the file is deleted': path => rmSync(path),
  'another is moved in its place' (path) {
    cpSync(path, `${path}.restored`)
    renameSync(`${path}.restored`, path)
  },
  'its folder is deleted': (_path, folder) => rmSync(folder, { recursive: true }),
  'its folder is replaced' (_path, folder) {
    renameSync(folder, `${folder}.old`)
    cpSync(`${folder}.old`, folder, { recursive: true })
  },
  'an older copy is written over it' (path) {
    openSqlite(`${path}.new`).$client.close()
    cpSync(`${path}.new`, path)
  },
  'its log of writes is deleted': path => rmSync(`${path}-wal`),
  'the index of its log is deleted': path => rmSync(`${path}-shm`)
}

for (const [accident, happen] of Object.entries(accidents)) {
  t.test(`${accident} while the service runs: no write is confirmed, and it is not ready`, async t => {
    const service = await openService(t)
    const { browser, log, folder } = service
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await isReady(t, service)
    happen(join(folder, 'data', 'latchkey.sqlite'), join(folder, 'data'))

    await confirmsNothing(t, service, laptop)
    isUnavailable(t, await phone.logOut(), 'log out')
    isUnavailable(t, await browser().logIn(), 'log in')
    await isNotReady(t, service, ['sessions', 'users'])
    await isNotReady(t, service, ['sessions', 'users'])
    t.match(log.filter(({ msg }) => msg === 'not ready: sessions and users'), [{ err: { cause: { code: 'SQLITE_FILE_REPLACED' } } }], 'the reason is logged, once')
    t.equal((await browser().get('/login')).status, 200, 'visitors have their pages')
    t.equal((await browser().get('/health/live')).status, 200)
  })
}

t.test('after a restart the service works with the file that is there, and so once the old one is back', async t => {
  const service = await openService(t)
  const path = join(service.folder, 'data', 'latchkey.sqlite')
  await service.browser().signUp()
  renameSync(path, `${path}.away`)
  await isNotReady(t, service, ['sessions', 'users'])
  renameSync(`${path}.away`, path)
  await isReady(t, service)
  t.equal((await service.browser().logIn()).status, 303)
  t.ok(service.log.some(({ msg }) => msg === 'ready again'))

  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
  await service.app.close()
  const restarted = await openService(t, {}, { folder: service.folder })
  await isReady(t, restarted)
  t.equal((await restarted.browser().logIn()).status, 401, 'who signed up is gone with the file')
  t.equal((await restarted.browser().signUp()).status, 303)
})

t.test('with sessions in Redis, users and events are guarded alike', async t => {
  const redis = await startRedisServer(t)
  const service = await openService(t, redisSettings(redis.url))
  const laptop = service.browser()
  await laptop.signUp()
  rmSync(join(service.folder, 'data', 'latchkey.sqlite'))
  await confirmsNothing(t, service, laptop)
  await isNotReady(t, service, ['users'])
})

for (const table of ['account_events', 'throttle', 'users']) {
  t.test(`once somebody has met a damaged page of ${table}, the service is not ready for five minutes`, async t => {
    const { service, laptop } = await openDamaged(t, table)
    const { browser, time, log } = service
    await isReady(t, service)
    isUnavailable(t, await meet[table]!(service, laptop), 'what needs the page')
    await isNotReady(t, service, ['sessions', 'users'])
    t.match(log.find(({ msg }) => msg === 'not ready: sessions and users'), { err: { cause: { code: 'SQLITE_CORRUPT' } } })
    t.equal((await browser().get('/about')).status, 200)
    time.pass(5 * MINUTE_MS)
    await isReady(t, service)
  })
}

/** A request that reads the table. */
const meet: Record<string, (service: Service, laptop: Browser) => Promise<Answer>> = {
  account_events: (_service, laptop) => laptop.get('/account/export'),
  throttle: ({ browser }) => browser().logIn(),
  users: ({ browser }) => browser().signUp(ada)
}

/** A service whose file has a damaged page, which nobody has read yet. */
async function openDamaged (t: Test, table: string) {
  const before = await openService(t)
  const laptop = before.browser()
  await laptop.signUp()
  await before.app.close()
  spoil(join(before.folder, 'data', 'latchkey.sqlite'), table)
  const service = await openService(t, {}, { folder: before.folder })
  const again = service.browser()
  laptop.cookies.forEach((value, name) => again.cookies.set(name, value))
  return { service, laptop: again }
}

/** Overwrites the index of users' emails, or the first page of another table. */
function spoil (path: string, table: string): void {
  const { $client: client } = openSqlite(path)
  const name = table === 'users' ? 'users_email_unique' : table
  const page = Number(client.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(name))
  client.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4_096, 7), 0, 4_096, (page - 1) * 4_096)
  closeSync(file)
}

async function confirmsNothing (t: Test, { browser }: Service, laptop: Browser): Promise<void> {
  isUnavailable(t, await browser().signUp(ada), 'sign up')
  isUnavailable(t, await laptop.submit('/account/profile', { first_name: 'Ada', last_name: 'Lovelace' }), 'change the name')
  isUnavailable(t, await laptop.submit('/account/password', { current_password: grace.password, new_password: 'compilers were said to be impossible' }), 'change the password')
}

function isUnavailable (t: Test, { status, headers, setCookies }: Answer, what: string): void {
  t.match({ status, headers }, { status: 503, headers: { 'retry-after': '5' } }, what)
  t.notOk(setCookies.some(line => line.startsWith('session=')), 'the session cookie is left alone')
}

async function isReady (t: Test, { browser }: Service): Promise<void> {
  t.equal((await browser().get('/health/ready')).status, 200)
}

async function isNotReady (t: Test, { browser }: Service, failing: string[]): Promise<void> {
  const { status, json } = await browser().get('/health/ready')
  t.match({ status, body: json() }, { status: 503, body: { failing } })
}
