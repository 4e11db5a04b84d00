import t from 'tap'
import { endAllSessions } from '../../src/accounts/end-sessions.ts'
import { newSession } from '../contract/session-store.ts'
import { onEveryStore } from '../every-store.ts'
import { DAY_MS, grace, HOUR_MS, inDatabaseOf, MINUTE_MS, openService, rowsOf, type Service, sqliteIn } from '../helper.ts'
import { latchkey } from './shell.ts'

const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', password: 'poetical science of numbers' }

const listed = async (service: Service) => (await latchkey(service, 'sessions list --user grace@example.com --json')).json<Array<{ handle: string }>>()

/** As many more, who are like those there are. */
async function addUsers (service: Service, count: number) {
  const numbers = Array.from({ length: count }, (_, n) => `select ${n} as n`).join(' union all ')
  await inDatabaseOf(service, `insert into users select id || '-' || n, first_name, last_name, n || email, 1, null, created_at, updated_at
    from users, (${numbers}) numbers`)
}

t.test('sessions are seen and ended from a shell', t => onEveryStore(t, async (t, settings) => {
  t.test('a user\'s sessions, the one used last first', async t => {
    const service = await openService(t, settings())
    const phone = service.browser({ address: '192.0.2.7', headers: { 'user-agent': 'Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0' } })
    const laptop = service.browser({ headers: { 'user-agent': 'strange\u202e thing' } })
    const started = service.time.at
    await laptop.signUp()
    service.time.pass(5 * MINUTE_MS)
    await phone.logIn({ remember: 'on' })
    service.time.pass(30_000)
    const at = (ms: number) => new Date(started + ms).toISOString()
    t.match(await listed(service), [
      { device: 'Firefox on Android', address: '192.0.2.7', signedInAt: at(5 * MINUTE_MS), lastSeenAt: at(5 * MINUTE_MS), expiresAt: at(5 * MINUTE_MS + 30 * DAY_MS), remembered: true },
      { signedInAt: at(0), lastSeenAt: at(0), expiresAt: at(HOUR_MS), remembered: false }
    ])
    const { code, out, err } = await latchkey(service, 'sessions list --user grace@example.com', { terminal: true, columns: 80 })
    t.match({ code, err }, { code: 0, err: '' })
    t.match(out, /^HANDLE {39}DEVICE {9}LAST SEEN {2}ENDS\n[\w-]{43} {2}Firefox on A… {2}30 s ago {3}in 29 d\n[\w-]{43} {2}Unknown devi… {2}5 min ago {2}in 54 min\n$/)
    service.time.pass(12 * HOUR_MS)
    t.match((await latchkey(service, 'sessions list --user grace@example.com')).out, /\n[\w-]{43} {2}Firefox on Android {2}12 h ago {3}in 29 d\n$/, 'what has ended is not listed')
  })

  t.test('a session that only the epoch has ended is not listed', async t => {
    const service = await openService(t, settings())
    await service.browser().signUp()
    const user = (await service.app.users.findByEmail(grace.email))!
    await endAllSessions(service.app.transact, { id: user.id })
    t.equal((await service.app.sessions.listOf(user.id)).length, 1)
    t.strictSame(await listed(service), [])
  })

  t.test('one session ends, the others stay', async t => {
    const service = await openService(t, settings())
    const [laptop, phone] = [service.browser(), service.browser()]
    await laptop.signUp()
    service.time.pass(MINUTE_MS)
    await phone.logIn()
    const [lost, kept] = await listed(service)
    t.match(await latchkey(service, `sessions revoke ${lost!.handle}`), { code: 0, out: 'The session ended.\n', err: '' })
    t.match([await phone.isLoggedIn(), await laptop.isLoggedIn()], [false, true])
    t.match(await latchkey(service, `sessions revoke ${lost!.handle}`), { code: 1, out: '', err: `There is no session ${lost!.handle}.\n` })
    t.strictSame((await latchkey(service, `sessions revoke ${kept!.handle} --json`)).json(), { handle: kept!.handle, sessionsEnded: 1 })
    t.strictSame(await listed(service), [])
    t.match(await latchkey(service, `sessions revoke -${'A'.repeat(42)}`), { code: 1, err: /^There is no session -A+\.\n$/ }, 'a handle may begin as an option does')
    t.match(await latchkey(service, `sessions revoke -- -${'A'.repeat(42)}`), { code: 1, err: /^There is no session -A+\.\n$/ })
  })

  t.test('a user is logged out on every device', async t => {
    const service = await openService(t, settings())
    const [laptop, phone, other] = [service.browser(), service.browser(), service.browser()]
    await laptop.signUp()
    await phone.logIn()
    await other.signUp(ada)
    const said = await latchkey(service, 'sessions revoke --user grace@example.com', { terminal: true, input: 'y\r' })
    t.match(said, { code: 0, out: 'grace@example.com is logged out everywhere, 2 sessions ended.\n', err: /End every session of grace@example\.com\? \[y\/N\] / })
    t.match([await laptop.isLoggedIn(), await phone.isLoggedIn(), await other.isLoggedIn()], [false, false, true])
    t.equal((await laptop.logIn()).status, 303, 'and may come back')
  })

  t.test('everybody is logged out', async t => {
    const service = await openService(t, settings())
    const [laptop, other] = [service.browser(), service.browser()]
    await laptop.signUp()
    await other.signUp(ada)
    t.match(await latchkey(service, 'sessions revoke --all', { terminal: true, input: 'n\r' }), { code: 1, out: '', err: /End every session of all users \(2\)\? \[y\/N\] / })
    t.match([await laptop.isLoggedIn(), await other.isLoggedIn()], [true, true])
    t.match(await latchkey(service, 'sessions revoke --all --yes'), { code: 0, out: 'Everybody is logged out (users: 2), 2 sessions ended.\n', err: '' }, 'quiet in a pipe')
    t.match([await laptop.isLoggedIn(), await other.isLoggedIn()], [false, false])
    t.match(await latchkey(service, 'sessions revoke --all --yes', { terminal: true }), {
      code: 0,
      err: '\r\u001b[KEnding sessions: user 2 of 2 …\r\u001b[K\r\u001b[KRemoving ended sessions: user 2 of 2 …\r\u001b[K'
    }, 'on a terminal it shows how far it is, in one line that goes')
  })

  t.test('of many users, everybody is logged out', async t => {
    const service = await openService(t, settings())
    const { app, time } = service
    await service.browser().signUp()
    const { id } = (await app.users.findByEmail(grace.email))!
    await addUsers(service, 25)
    await app.sessions.create(newSession({ now: () => time.at, move: () => {} }, {}, `${id}-24`))
    t.match(await latchkey(service, 'sessions revoke --all --yes'), { code: 0, out: 'Everybody is logged out (users: 26), 2 sessions ended.\n' })
    t.strictSame(await rowsOf(service, 'select distinct session_epoch from users'), [{ session_epoch: 2 }])
    t.strictSame(await app.sessions.listOf(`${id}-24`), [])
  })

  // The restored row is older than the session, whose epoch the command is about to reach.
  t.test('after a restore of an older database, everybody is logged out', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    await laptop.submit('/account/devices/revoke-others')
    t.ok(await laptop.isLoggedIn())
    await inDatabaseOf(service, 'update users set session_epoch = 1')
    t.match(await latchkey(service, 'sessions revoke --all --yes'), { code: 0, out: 'Everybody is logged out (users: 1), 1 session ended.\n' })
    t.equal((await service.app.users.findByEmail(grace.email))!.sessionEpoch, 2)
    t.notOk(await laptop.isLoggedIn())
  })

  t.test('expired sessions are removed', async t => {
    const given = await settings()
    const service = await openService(t, given)
    await service.browser().signUp()
    await service.browser().logIn()
    service.time.pass(2 * DAY_MS)
    // Redis removes them by itself.
    const count = given.REDIS_URL === undefined ? 2 : 0
    t.match(await latchkey(service, 'sessions purge', { terminal: true }), { code: 0, out: `${count} expired sessions removed.\n`, err: count === 0 ? '\r\u001b[KRemoving expired sessions …\r\u001b[K' : `\r\u001b[KRemoving expired sessions …\r\u001b[KRemoving expired sessions … ${count}\r\u001b[K` })
    t.match(await latchkey(service, 'sessions purge'), { code: 0, out: '0 expired sessions removed.\n', err: '' })
    t.strictSame((await latchkey(service, 'sessions purge --json')).json(), { removed: 0 })
  })

  t.test('users and sessions are counted', async t => {
    const service = await openService(t, await settings())
    await service.browser().signUp()
    await service.browser().signUp(ada)
    await latchkey(service, 'users disable ada@example.com')
    t.equal((await latchkey(service, 'stats')).out, 'users     2\ndisabled  1\nsessions  1\n')
    t.strictSame((await latchkey(service, 'stats --json')).json(), { users: 2, disabled: 1, sessions: 1 })
  })

  t.test('whom strangers have locked out by guessing, an operator lets in again', async t => {
    const service = await openService(t, await settings())
    await service.browser().signUp()
    const phrase = 'compilers were said to be impossible'
    const helps: Array<[string, string]> = [['users enable grace@example.com', grace.password], ['users set-password grace@example.com', phrase]]
    for (const [help, password] of helps) {
      for (let guess = 1; guess <= 6; guess++) await service.browser().logIn({ password: 'not the password at all' })
      t.equal((await service.browser().logIn()).status, 429)
      t.equal((await latchkey(service, help, { input: phrase })).code, 0)
      t.equal((await service.browser().logIn({ password })).status, 303)
    }
  })
}))

t.test('one is not two', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  service.time.pass(2 * DAY_MS)
  t.match(await latchkey(service, 'sessions purge'), { out: '1 expired session removed.\n' })
})

t.test('a store that fails half-way has ended everybody\'s sessions all the same', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  const sqlite = sqliteIn(service.app)
  const when = { says: 'Ending sessions: user 1 of 1', then: () => { sqlite.exec('alter table sessions rename to elsewhere') } }
  const said = await latchkey(service, 'sessions revoke --all --yes', { terminal: true, when })
  sqlite.exec('alter table elsewhere rename to sessions')
  t.match(said, { code: 0, out: 'Everybody is logged out (users: 1), every session ended.\n', err: /Warning: the store does not answer \(SESSIONS_UNAVAILABLE\)/ })
  t.notOk(await laptop.isLoggedIn())
})

t.test('what fails while it logs everybody out says so, and the next run logs out the rest', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  await addUsers(service, 25)
  const sqlite = sqliteIn(service.app)
  const epochs = () => sqlite.prepare('select session_epoch, count(*) from users group by 1').raw().all()
  const when = { says: 'Ending sessions: user 10 of 26', then: () => { sqlite.exec('alter table users rename to elsewhere') } }
  const said = await latchkey(service, 'sessions revoke --all --yes', { terminal: true, when })
  sqlite.exec('alter table elsewhere rename to users')
  t.match(said, { code: 1, out: '' })
  t.strictSame(epochs(), [[1, 16], [2, 10]])
  t.match(await latchkey(service, 'sessions revoke --all --yes'), { code: 0, out: 'Everybody is logged out (users: 26), 1 session ended.\n' })
  t.strictSame(epochs(), [[2, 16], [3, 10]])
})
