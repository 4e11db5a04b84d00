import { join } from 'node:path'
import t, { type Test } from 'tap'
import { changePassword } from '../../src/accounts/change-password.ts'
import { grace, inDatabaseOf, openService, rowsOf, type Service } from '../helper.ts'
import { newPostgresDatabase, queryPostgres } from '../postgres-server.ts'
import { latchkey } from './shell.ts'

const ada = { ...grace, first_name: 'Zoë 名', email: 'ada@example.com' }
const secret = 'a secret that all machines share'

/** A service on SQLite in which somebody has done something. */
async function openOld (t: Test): Promise<Service & { file: string }> {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  await laptop.logOut()
  await laptop.logIn({ password: 'not the password at all' })
  await service.browser().signUp(ada)
  await service.app.accountEvents.flush()
  return { ...service, file: `file:${service.app.config.sqlitePath}` }
}

// By type, because a sign-up is written at once and a login a moment later.
const eventsOf = async (url: string) => (await queryPostgres(url, 'select type from account_events order by type')).rows.map(({ type }) => type)

t.test('people, their passwords and what happened to them move to PostgreSQL', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  t.match(await latchkey(old, `migrate --from ${old.file} --to ${url}`), { code: 0, out: '2 users, 2 credentials and 4 events copied; the counts are the same on both sides.\n', err: '' })

  const { browser, app } = await openService(t, { DATABASE_URL: url, SESSION_SECRET: secret }, { folder: join(old.folder, 'new') })
  const laptop = browser()
  t.equal((await laptop.logIn({ password: 'not the password at all' })).status, 401)
  t.equal((await laptop.logIn()).status, 303)
  t.match((await laptop.get('/account')).body, 'Signed up')
  for (const email of [grace.email, ada.email]) {
    const { id } = (await app.users.findByEmail(email))!
    t.strictSame(await app.users.findById(id), await old.app.users.findByEmail(email))
    t.equal(await app.credentials.passwordOf(id), await old.app.credentials.passwordOf(id))
  }
  await app.accountEvents.flush()
  t.strictSame(await eventsOf(url), ['logged in', 'logged out', 'login failed', 'login failed', 'signed up', 'signed up'])
})

t.test('run again it goes on, takes what changed, and doubles nothing', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  const migrate = () => latchkey(old, `migrate --from ${old.file} --json`, { settings: () => ({ ...old.app.config, postgresUrl: url }) })
  t.strictSame((await migrate()).json(), { users: 2, credentials: 2, events: 4 })
  await queryPostgres(url, "delete from users where email = 'ada@example.com'")
  old.time.pass(1000)
  const laptop = old.browser()
  await laptop.logIn()
  await laptop.submit('/account/profile', { first_name: 'Amazing', last_name: 'Grace' })
  await old.app.accountEvents.flush()
  t.strictSame((await migrate()).json(), { users: 2, credentials: 2, events: 6 })
  t.strictSame((await queryPostgres(url, 'select first_name from users order by email')).rows, [{ first_name: 'Zoë 名' }, { first_name: 'Amazing' }])
  t.equal((await eventsOf(url)).length, 6)
})

t.test('a password changed in the old database after it was copied is copied again; one that was changed in the new one stays', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  const migrate = () => latchkey(old, `migrate --from ${old.file} --to ${url}`)
  t.equal((await migrate()).code, 0)
  old.time.pass(1000)
  const user = (await old.app.users.findByEmail(grace.email))!
  await changePassword(old.app.transact, { id: user.id }, 'a newer hash')
  const copied = async () => (await queryPostgres(url, `select secret from credentials where user_id = '${user.id}'`)).rows
  t.equal((await migrate()).code, 0)
  t.strictSame(await copied(), [{ secret: 'a newer hash' }])

  await queryPostgres(url, `update credentials set secret = 'the newest hash', created_at = created_at + 1 where user_id = '${user.id}'`)
  t.equal((await migrate()).code, 0)
  t.strictSame(await copied(), [{ secret: 'the newest hash' }])
})

t.test('browsers stay known devices', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  const query = 'select user_id, devices, cast(expires_at as text) as expires_at from known_devices order by user_id'
  const migrate = () => latchkey(old, `migrate --from ${old.file} --to ${url}`)
  t.equal((await migrate()).code, 0)
  t.equal((await rowsOf(old, query)).length, 2)
  t.strictSame((await queryPostgres(url, query)).rows, await rowsOf(old, query))

  await queryPostgres(url, "update known_devices set devices = 'used there since', expires_at = expires_at + 1")
  t.equal((await migrate()).code, 0)
  t.strictSame((await queryPostgres(url, 'select distinct devices from known_devices')).rows, [{ devices: 'used there since' }])
})

t.test('a user without a password is copied too', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  await inDatabaseOf(old, 'delete from credentials')
  t.match(await latchkey(old, `migrate --from ${old.file} --to ${url}`), { code: 0, out: /^2 users, 0 credentials and 4 events copied/ })
})

t.test('thousands come in batches, with progress on a terminal', async t => {
  const old = await openOld(t)
  const { $client: sqlite } = old.app.database as unknown as { $client: { prepare: (sql: string) => { run: (...values: unknown[]) => void }, exec: (sql: string) => void } }
  sqlite.exec('begin')
  const insert = sqlite.prepare("insert into users select ?, first_name, last_name, ?, 7, null, created_at, updated_at from users where email = 'grace@example.com'")
  for (let number = 0; number < 1000; number++) insert.run(`id-${number}`, `person-${number}@example.com`)
  sqlite.exec("insert into credentials (kind, identifier, user_id, secret, created_at) select 'password', id, id, 'a hash', 1 from users where id like 'id-%'")
  sqlite.exec('commit')
  const url = await newPostgresDatabase(t)
  const said = await latchkey(old, `migrate --from ${old.file} --to ${url}`, { terminal: true })
  t.match(said, { code: 0, out: /^1002 users, 1002 credentials and 4 events copied/, err: /Copying … 200 of 1002 users, 0 of 4 events.*1002 of 1002 users, 4 of 4 events/s })
  t.strictSame((await queryPostgres(url, 'select count(*)::int as count, max(session_epoch) as epoch from users')).rows, [{ count: 1002, epoch: 7 }])
})

t.test('an email that has another account there already stops it, and is told', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  const { browser } = await openService(t, { DATABASE_URL: url, SESSION_SECRET: secret }, { folder: join(old.folder, 'new') })
  await browser().signUp(ada)
  t.match(await latchkey(old, `migrate --from ${old.file} --to ${url}`), { code: 1, out: '', err: /^An email of the source belongs to another account already/ })
})

t.test('counts that differ are an error', async t => {
  const old = await openOld(t)
  const url = await newPostgresDatabase(t)
  const { browser } = await openService(t, { DATABASE_URL: url, SESSION_SECRET: secret }, { folder: join(old.folder, 'new') })
  await browser().signUp({ ...grace, email: 'somebody@example.com' })
  t.match(await latchkey(old, `migrate --from ${old.file} --to ${url}`), { code: 1, out: '', err: /^Copied, but the counts differ: 2 users, 2 credentials and 4 events there, 3 users/ })
})

t.test('without both ends nothing is done', async t => {
  const old = await openOld(t)
  const nowhere = 'postgres://postgres:hunter2@127.0.0.1:1/latchkey'
  const wrong: Record<string, { code: number, err: RegExp }> = {
    migrate: { code: 2, err: /^Missing: --from/ },
    'migrate --from /tmp/x': { code: 2, err: /--from/ },
    [`migrate --from ${old.file}`]: { code: 2, err: /^Pass --to/ },
    [`migrate --from ${old.file} --to ${old.file}`]: { code: 2, err: /^Pass --to/ },
    [`migrate --from ${old.file} --from ${old.file}`]: { code: 2, err: /^Pass --from <file:path> once\./ },
    [`migrate --from file:${old.folder}/none --to ${nowhere}`]: { code: 1, err: /^--from leads to .*, where there is no database yet/ },
    [`migrate --from ${old.file} --to ${nowhere}`]: { code: 1, err: /^Accounts cannot be read right now\.\n$/ }
  }
  for (const [args, said] of Object.entries(wrong)) {
    const answer = await latchkey(old, args)
    t.match(answer, { ...said, out: '' }, args)
    t.notMatch(answer.err, 'hunter2')
  }
})
