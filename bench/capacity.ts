import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccount } from '../src/accounts/create-account.ts'
import { silentLog } from '../src/cli/silent-log.ts'
import { type Config, loadConfig } from '../src/config/config.ts'
import type { Database } from '../src/stores/database.ts'
import { openDatabase } from '../src/stores/open/open-database.ts'
import { Sqlite } from '../src/stores/sqlite/driver.ts'
import { openSessionStore } from '../src/stores/open/open-session-store.ts'
import { handleOf, newSessionId } from '../src/sessions/session-handle.ts'
import { openPasswords } from '../src/credentials/passwords.ts'
import { queryPostgres } from '../test/postgres-server.ts'
import { cpuTimeOf, mostMemoryOf } from './cpu-time.ts'
import { withPostgresServer } from './postgres-server.ts'
import { withRedisServer } from './redis-server.ts'
import { withStartedService } from './started-service.ts'
import { statusOf } from './status-of.ts'
import { sessionOf } from './session-of.ts'

/*
 * What docs/operations.md reckons with: processor time of a login and of a page view, bytes of a user and of an event.
 * Processor time of each process, not time on the clock, so that a busy machine does not change the figures.
 */

const USERS = 10_000
const EVENTS = 10_000
const WARM_UP = 1_500
const SESSIONS = 4_000
const LOGINS = 300
const AT_ONCE = 10

const now = Date.now
const secret = randomBytes(32).toString('base64url')
const password = 'nanoseconds are short wires'
const emailOf = (at: number) => `somebody-${at}@example.com`

type Row = Record<string, number>
interface Place { name: string, settings: Record<string, string>, pids?: Record<string, number> }

const passwordHash = await printHash()
await withRedisServer(async redis => {
  await withPostgresServer(async postgres => {
    const [inRedis, inPostgres] = [{ REDIS_URL: redis.url }, { DATABASE_URL: postgres.newDatabase() }]
    await printPlace({ name: 'SQLite alone', settings: {} })
    await printPlace({ name: 'PostgreSQL alone', settings: { DATABASE_URL: postgres.newDatabase() }, pids: { PostgreSQL: postgres.pid } })
    await printPlace({ name: 'Redis and PostgreSQL', settings: { ...inRedis, ...inPostgres }, pids: { Redis: redis.pid, PostgreSQL: postgres.pid } })
  })
})

async function printHash (): Promise<string> {
  const rounds = 50
  const passwords = await openPasswords()
  const before = process.cpuUsage()
  for (let round = 1; round < rounds; round++) await passwords.hash(password)
  const hash = await passwords.hash(password)
  const { user, system } = process.cpuUsage(before)
  console.log(`argon2id alone: ${Math.round((user + system) / rounds)} µs of processor time`)
  return hash
}

async function printPlace ({ name, settings, pids = {} }: Place): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-capacity-'))
  const all = { ...settings, DATA_DIR: folder, SESSION_SECRET: secret }
  const config = loadConfig(all, 'no.env')
  const database = openDatabase(config, { now, log: silentLog })
  console.log(`\n${name}: bytes of a user ${await bytesOf(config, USERS, () => addUsers(database))}, of an event ${await bytesOf(config, EVENTS, () => addEvents(database))}`)
  const cookies = await addSessions(config, database)
  await database.close()
  await withStartedService(folder, async (url, pid) => {
    console.log('microseconds of processor time each:')
    console.table(await costs(url, cookies, { Latchkey: pid, ...pids }))
    console.log(`Latchkey's memory at the most: ${mostMemoryOf(pid)} MB`)
  }, all)
  rmSync(folder, { recursive: true })
}

async function costs (url: string, cookies: string[], pids: Record<string, number>): Promise<Record<string, Row>> {
  const ask = (path: string, wanted: number) => async (at: number) => expect(wanted, await statusOf(`${url}${path}`, { cookie: cookies[at]! }))
  const logIn = async (at: number) => expect(303, await statusOf(`${url}/login`, headersOf(at), new URLSearchParams({ email: emailOf(at), password })))
  // Code that runs often is compiled again and faster, and a service runs for weeks.
  await inParallel(WARM_UP, at => ask('/dashboard', 200)(SESSIONS + at))
  await inParallel(WARM_UP, at => ask('/session', 200)(SESSIONS + at))
  await inParallel(20, at => logIn(USERS - 1 - at))
  return {
    'page view that renews (GET /dashboard)': await costOf(pids, SESSIONS, ask('/dashboard', 200)),
    'page view (GET /dashboard)': await costOf(pids, SESSIONS, ask('/dashboard', 200)),
    'GET /session': await costOf(pids, SESSIONS, ask('/session', 200)),
    'login (POST /login)': await costOf(pids, LOGINS, logIn)
  }
}

async function costOf (pids: Record<string, number>, times: number, work: (at: number) => Promise<void>): Promise<Row> {
  const used = () => Object.values(pids).map(cpuTimeOf)
  const before = used()
  await inParallel(times, work)
  const after = used()
  return Object.fromEntries(Object.keys(pids).map((name, at) => [name, Math.round((after[at]! - before[at]!) / times)]))
}

async function inParallel (times: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { while (next < times) await work(next++) }))
}

/** From an address of its own, so that nobody has to wait. */
function headersOf (at: number): Record<string, string> {
  return { 'sec-fetch-site': 'same-origin', 'x-forwarded-for': `10.${at >> 16}.${at >> 8 & 255}.${at & 255}` }
}

function expect (wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`${status} instead of ${wanted}`)
}

async function addUsers ({ transact }: Database): Promise<void> {
  for (let at = 0; at < USERS; at++) await createAccount(transact, { firstName: 'Grace', lastName: 'Hopper', email: emailOf(at), passwordHash }, new Date())
}

async function addEvents ({ accountEvents, users }: Database): Promise<void> {
  const [user] = await users.list({ limit: 1 })
  for (let at = 0; at < EVENTS; at++) {
    accountEvents.record({ userId: user!.id, type: 'logged in', address: '203.0.113.17', device: 'Firefox on Linux' })
    if (at % 100 === 99) await accountEvents.flush()
  }
}

/** Sessions as a login makes them, last seen two minutes ago: the first page view renews them. @returns their cookies */
async function addSessions ({ redisUrl, redisPrefix }: Config, database: Database): Promise<string[]> {
  const store = await openSessionStore({ redisUrl, redisPrefix, database, now, log: silentLog })
  const users = await database.users.list({ limit: SESSIONS + WARM_UP })
  const at = now() - 120_000
  const ids = users.map(newSessionId)
  for (const [number, user] of users.entries()) {
    await store.create(sessionOf(user.id, { at, epoch: user.sessionEpoch, handle: handleOf(ids[number]!) }))
  }
  await store.close()
  return ids.map(id => `session=${encodeURIComponent(signed(id))}`)
}

function signed (id: string): string {
  return `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`
}

async function bytesOf (config: Config, count: number, add: () => Promise<void>): Promise<number> {
  const before = await sizeOf(config)
  await add()
  return Math.round((await sizeOf(config) - before) / count)
}

async function sizeOf ({ postgresUrl, sqlitePath }: Config): Promise<number> {
  if (postgresUrl !== undefined) {
    const { rows } = await queryPostgres(postgresUrl, 'select sum(pg_total_relation_size(oid))::int as bytes from pg_class where relname in (\'users\', \'account_events\')')
    return rows[0].bytes ?? 0
  }
  const client = new Sqlite(sqlitePath)
  const [pages, bytes] = ['page_count', 'page_size'].map(name => Number(client.pragma(name, { simple: true })))
  client.close()
  return pages! * bytes!
}
