import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { Signer } from '@fastify/cookie'
import t, { type Test } from 'tap'
import * as errors from '../../src/errors.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { latchkey } from '../cli/shell.ts'
import { redisSettings } from '../every-store.ts'
import { freePort } from '../free-port.ts'
import { type Browser, grace, openService, type Service, type Settings, sqliteIn } from '../helper.ts'
import { startPostgresServer } from '../postgres-server.ts'
import { find } from '../provision.js'
import { startRedisServer } from '../redis-server.ts'

/*
 * What docs/operations.md says is so: backups are made and restored with its own commands.
 */

const page = readFileSync(join(packageRoot, 'docs/operations.md'), 'utf8')
const ada = { ...grace, email: 'ada@example.com' }
const chosenLater = 'compilers were said to be impossible'
const secret = 'a secret that all machines share'

type Backup = (service: Service) => unknown

/** Grace is there before the backup, others sign up while it is made; after it she changes her password and Ada comes. */
async function backUpAmidWork (service: Service, backUp: Backup): Promise<Browser> {
  const { browser } = service
  const laptop = browser()
  await laptop.signUp()
  const ended = browser()
  await ended.logIn()
  const crowd = Array.from({ length: 5 }, (_, at) => browser().signUp({ ...grace, email: `somebody-${at}@example.com` }))
  await backUp(service)
  await Promise.all(crowd)
  await laptop.submit('/account/password', { current_password: grace.password, new_password: chosenLater })
  await browser().signUp(ada)
  return ended
}

/** @param ended who was logged in then, and is not any more */
async function isAsItWas (t: Test, service: Service, ended: Browser): Promise<void> {
  const { browser } = service
  t.equal((await browser().logIn()).status, 303, 'the password of that time is right')
  t.equal((await browser().logIn({ password: chosenLater })).status, 401)
  t.equal((await browser().logIn({ email: ada.email })).status, 401, 'who came later is not there')
  t.ok(await movedTo(service, ended).isLoggedIn(), 'a session that has ended since is there again')
  await endAll(t, service)
  t.notOk(await movedTo(service, ended).isLoggedIn())
}

/** The same cookies, sent to another service. */
function movedTo ({ browser }: Service, { cookies }: Browser): Browser {
  const moved = browser()
  cookies.forEach((value, name) => moved.cookies.set(name, value))
  return moved
}

t.test('a copy of SQLite made while the service runs is whole, and brings back sessions that ended since, until they are ended', async t => {
  const [, statement] = /^sqlite3 data\/latchkey\.sqlite "(VACUUM INTO .*)"$/m.exec(page)!
  const folder = join(t.testdir(), 'restored')
  const copy = join(t.testdirName, 'copy.sqlite')
  const service = await openService(t, { SESSION_SECRET: secret })
  const ended = await backUpAmidWork(service, ({ app }) => sqliteIn(app).exec(statement!.replace(/'.*'/, `'${copy}'`)))
  t.notOk(await movedTo(service, ended).isLoggedIn())

  mkdirSync(join(folder, 'data'), { recursive: true })
  cpSync(copy, join(folder, 'data', 'latchkey.sqlite'))
  const restored = await openService(t, { SESSION_SECRET: secret }, { folder })
  await isAsItWas(t, restored, ended)
})

t.test('so is a dump of PostgreSQL', async t => {
  const [, dump] = /^pg_dump (.*) >/m.exec(page)!
  const [, restore] = /^pg_restore (.*) </m.exec(page)!
  const postgres = await startPostgresServer(t)
  const [from, to] = [postgres.newDatabase(), postgres.newDatabase()]
  const settings = (url: string): Settings => ({ DATABASE_URL: url, SESSION_SECRET: secret })
  const run = (name: string, args: string, url: string, input?: Buffer) => {
    return execFileSync(join(dirname(find('initdb')), name), args.split(' ').map(word => word === '"$DATABASE_URL"' ? url : word), { input })
  }
  let dumped: Buffer | undefined
  const service = await openService(t, settings(from))
  const ended = await backUpAmidWork(service, () => { dumped = run('pg_dump', dump!, from) })
  t.notOk(await movedTo(service, ended).isLoggedIn())

  run('pg_restore', restore!, to, dumped)
  const restored = await openService(t, settings(to))
  await isAsItWas(t, restored, ended)
})

t.test('an old Redis brings back sessions that were ended since, but none that the epoch ended; an empty one asks everybody to log in', async t => {
  const redis = await startRedisServer(t)
  const operator = new Redis(redis.url, { retryStrategy: () => 50 })
  operator.on('error', () => {})
  t.teardown(() => operator.disconnect())
  const service = await openService(t, redisSettings(redis.url))
  const [loggedOut, outdated] = [service.browser(), service.browser()]
  await loggedOut.signUp()
  await outdated.signUp(ada)
  const [ended, dead] = [movedTo(service, loggedOut), movedTo(service, outdated)]
  await operator.save()
  await loggedOut.logOut()
  await outdated.submit('/account/password', { current_password: ada.password, new_password: chosenLater })

  await redis.stop()
  // It reads the dump that was saved before.
  await redis.start()
  await untilReady(service)
  t.ok(await movedTo(service, ended).isLoggedIn(), 'a session that was logged out is there again')
  t.notOk(await dead.isLoggedIn(), 'the password was changed since: the epoch is another')
  await endAll(t, service)
  t.notOk(await movedTo(service, ended).isLoggedIn())

  const laptop = service.browser()
  await laptop.logIn()
  await operator.flushall()
  t.notOk(await laptop.isLoggedIn())
  t.equal((await laptop.logIn()).status, 303)
})

async function endAll (t: Test, service: Service): Promise<void> {
  t.match(await latchkey(service, 'sessions revoke --all --yes'), { code: 0, out: /^Everybody is logged out/, err: '' })
}

async function untilReady ({ browser }: Service): Promise<void> {
  const deadline = performance.now() + 5000
  while ((await browser().get('/health/ready')).status !== 200) {
    if (performance.now() > deadline) throw new Error('not ready within five seconds')
  }
}

t.test('while the secret is changed in one process after the other, people go from one to the other logged in', async t => {
  const [older, newer] = ['the secret that was there before all', 'the secret that shall be from now on']
  const first = await openService(t, { SESSION_SECRET: `${older},${newer}` })
  const second = await openService(t, { SESSION_SECRET: `${newer},${older}` }, { folder: first.folder })
  const laptop = first.browser()
  await laptop.signUp()
  for (const service of [second, first, second]) {
    const there = movedTo(service, laptop)
    t.equal((await there.get('/dashboard')).status, 200)
    there.cookies.forEach((value, name) => laptop.cookies.set(name, value))
  }
  const behind = await openService(t, { SESSION_SECRET: older }, { folder: first.folder })
  t.notOk(await movedTo(behind, laptop).isLoggedIn(), 'one that does not know the new secret yet')
  const done = await openService(t, { SESSION_SECRET: newer }, { folder: first.folder })
  t.ok(await movedTo(done, laptop).isLoggedIn())
})

t.test('an operator makes the tables of a new version before a service that may not', async t => {
  const postgres = await startPostgresServer(t)
  const url = postgres.newDatabase()
  const service = await openService(t)
  const said = await latchkey(service, 'stats', { settings: () => ({ ...service.app.config, postgresUrl: url }) })
  t.match(said, { code: 0, out: /^users +0/ })
  t.strictSame((await postgres.query(url, 'select count(*)::int as count from users')).rows, [{ count: 0 }])
})

t.test('every code of a 503 is explained, and every metric that is asked for is there', async t => {
  const codes = Object.values(errors).flatMap(raise => {
    if (typeof raise !== 'function' || raise === errors.isOwn) return []
    const { statusCode, code } = new (raise as typeof errors.SessionsUnavailable)()
    return statusCode === 503 ? [code] : []
  })
  t.ok(codes.includes('SESSIONS_UNAVAILABLE'))
  for (const code of codes) t.match(page, `| \`${code}\` |`)
  const { app } = await openService(t, { METRICS_PORT: String(await freePort()) })
  const served = await app.metrics!.text()
  const asked = page.match(/\b(latchkey|http_request|nodejs|process)_[a-z_0-9]+/g)!
  t.ok(asked.length > 5)
  for (const name of new Set(asked)) t.match(served, `# TYPE ${name.replace(/_(bucket|count)$/, '')} `, name)
})

t.test('an old secret that can be guessed goes on verifying, and the log says to remove it', async t => {
  const [newer, weak] = ['the secret that shall be from now on', 'x'.repeat(32)]
  const strong = await openService(t, { SESSION_SECRET: newer })
  const laptop = strong.browser()
  await laptop.signUp()
  const warnings = ({ log }: Service) => log.filter(({ level, msg }) => level === 40 && msg.includes('SESSION_SECRET')).length
  t.equal(warnings(strong), 0)
  await strong.app.close()

  const changing = await openService(t, { SESSION_SECRET: `${newer},${weak}` }, { folder: strong.folder })
  t.equal(warnings(changing), 1)
  const [id] = decodeURIComponent(laptop.cookies.get('session')!).split('.')
  laptop.cookies.set('session', encodeURIComponent(new Signer(weak).sign(id!)))
  const there = movedTo(changing, laptop)
  t.equal((await there.get('/dashboard')).status, 200)
  t.ok(changing.app.signer.unsign(decodeURIComponent(there.cookies.get('session')!)).valid)
  t.not(there.cookies.get('session'), laptop.cookies.get('session'), 'it is signed anew')
})
