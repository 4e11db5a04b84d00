import { execFileSync } from 'node:child_process'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { Sqlite } from '../../../src/stores/sqlite/driver.ts'
import { onEveryStore } from '../../every-store.ts'
import { type Answer, grace, MINUTE_MS, openService, rowsOf, type Service, sqliteIn } from '../../helper.ts'
import { queryPostgres } from '../../postgres-server.ts'

/*
 * The database can be read, and takes no writes. With sessions in Redis, what writes to Redis alone goes on.
 */

// What watches over tests takes this signal for the end of the process; the failed write is what counts.
process.on('SIGXFSZ', () => {})

/** Each begins a fault and returns what ends it. */
type Faults = Record<string, (service: Service) => (() => unknown) | Promise<() => unknown>>

const sqliteFaults: Faults = {
  'another process keeps the lock' ({ app }) {
    const other = new Sqlite(sqliteIn(app).name)
    other.exec('BEGIN EXCLUSIVE')
    return () => other.close()
  },
  'the disk takes no more' () {
    limitFiles('0')
    return () => limitFiles('unlimited')
  },
  'the file can only be read' ({ app }) {
    sqliteIn(app).pragma('query_only = on')
    return () => sqliteIn(app).pragma('query_only = off')
  }
}

const postgresFaults: Faults = {
  async 'another process keeps the lock' ({ app }) {
    const other = new Client({ connectionString: app.config.postgresUrl })
    await other.connect()
    await other.query('begin; lock table users, sessions in exclusive mode')
    return () => other.end()
  },
  async 'the server can only be read' ({ app }) {
    const set = async (readOnly: 'on' | 'off') => {
      await queryPostgres(app.config.postgresUrl!, `alter system set default_transaction_read_only = ${readOnly}`)
      await queryPostgres(app.config.postgresUrl!, 'select pg_reload_conf()')
    }
    await set('on')
    return () => set('off')
  }
}

const newPassword = 'compilers were said to be impossible'
const pages = ['/', '/about', '/login', '/signup', '/logout', '/dashboard', '/account', '/account/devices', '/session', '/assets/pico.css', '/health/live', '/health/ready', '/nothing']

onEveryStore(t, async (t, settings) => {
  const faults = 'DATABASE_URL' in await settings() ? postgresFaults : sqliteFaults
  for (const [what, begin] of Object.entries(faults)) {
    t.test(`while ${what}, nothing is half done and nothing is claimed, pages are served, and it ends by itself`, async t => {
      const service = await openService(t, settings())
      const { browser, time, app, log } = service
      const [laptop, phone, visitor] = [browser(), browser(), browser()]
      await laptop.signUp()
      await phone.logIn()
      const statuses = async () => {
        const all: Array<[string, number]> = []
        for (const someone of [browser(), visitor, laptop]) for (const path of pages) all.push([path, (await someone.get(path)).status])
        return all
      }
      const usual = await statuses()
      const before = await contentOf(service)
      const end = await begin(service)

      isUnavailable(t, await browser().signUp({ ...grace, email: 'ada@example.com' }), 'sign up')
      isUnavailable(t, await laptop.submit('/account/password', { current_password: grace.password, new_password: newPassword }), 'change the password')
      isUnavailable(t, await laptop.submit('/account/profile', { first_name: 'Ada', last_name: 'Lovelace' }), 'change the name')
      isUnavailable(t, await laptop.submit('/account/email', { email: 'ada@example.com', current_password: grace.password }), 'change the email')
      if (app.redis === null) {
        isUnavailable(t, await browser().logIn(), 'log in')
        isUnavailable(t, await laptop.submit('/account/reauthenticate', { password: grace.password }), 'reauthenticate')
        isUnavailable(t, await laptop.submit('/account/devices/revoke-others'), 'log out the others')
        isUnavailable(t, await phone.logOut(), 'log out')
        isUnavailable(t, await laptop.submit('/account/delete', { current_password: grace.password }), 'delete the account')
      } else {
        t.equal((await browser().logIn()).status, 303, 'a login needs no write to the database')
      }
      t.strictSame(await statuses(), usual, 'also /health/ready: what is there can be read')
      time.pass(MINUTE_MS)
      t.equal((await visitor.get('/about')).status, 200, 'also when the session should be renewed')
      t.equal(log.filter(({ msg }) => msg === 'visits cannot be remembered').length, app.redis === null ? 1 : 0, 'one line, however many pages are seen')

      await end()
      t.strictSame(await contentOf(service), before)
      const { events } = (await laptop.get('/account/export')).json<{ events: Array<{ type: string }> }>()
      t.equal(events.filter(({ type }) => type === 'logged in').length, app.redis === null ? 1 : 2, 'the login meanwhile is written')
      for (const device of [laptop, phone]) t.ok(await device.isLoggedIn())
      t.equal((await browser().logIn({ password: newPassword })).status, 401)
      t.equal((await browser().signUp({ ...grace, email: 'ada@example.com' })).status, 303)
      t.equal((await phone.logOut()).status, 303)
    })
  }
})

function isUnavailable (t: Test, { status, headers, body, setCookies }: Answer, what: string) {
  t.match({ status, headers, body }, { status: 503, headers: { 'retry-after': '5' }, body: /does not work right now/ }, what)
  t.notOk(setCookies.some(line => line.startsWith('session=')), 'the session cookie is left alone')
}

/** What is kept for long. Counts of guesses may differ, and events are nobody's reason to fail. */
async function contentOf (service: Service) {
  return [await rowsOf(service, 'select * from users order by id'), await rowsOf(service, 'select * from sessions order by handle')]
}

/** For all that this process writes from now on, without the rights that a full disk would take. */
function limitFiles (size: '0' | 'unlimited') {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${size}:`])
}
