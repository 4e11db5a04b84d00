import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { silentLog } from '../src/cli/silent-log.ts'
import { loadConfig } from '../src/config/config.ts'
import type { Database } from '../src/stores/database.ts'
import { openDatabase } from '../src/stores/open/open-database.ts'
import { Sqlite } from '../src/stores/sqlite/driver.ts'
import { queryPostgres } from '../test/postgres-server.ts'
import { withPostgresServer } from './postgres-server.ts'
import { sessionOf } from './session-of.ts'

/*
 * What those who look at pages notice while 500,000 expired sessions are removed: how long the event loop is blocked,
 * and how long a session takes to be read, before and meanwhile. The number of rows can be given.
 *
 * The machine may be busy, so an idle thread beside it is measured too: what blocks both is not the sweep.
 */

const ROWS = Number(process.argv[2] ?? 500_000)
const READ_EACH_MS = 5
const BEFORE_MS = 5_000

const now = Date.now
const live = randomBytes(32).toString('base64url')

const fields = '{"startedAt":1763726400000,"lastSeenAt":1763726400000,"visits":[["/",1763726400000]]}'
const row = `null, 1, '${fields}', 1763727000000 - i`
const sqliteRows = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
  insert into sessions select substr(hex(randomblob(22)), 1, 43), ${row} from n`
const postgresRows = `insert into sessions select substr(md5(random()::text) || md5(random()::text), 1, 43), ${row} from generate_series(1, ${ROWS}) i`

/** Measures its own event loop until it gets a message. */
const idleThread = `
const { parentPort } = require('node:worker_threads')
const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 1 })
delay.enable()
parentPort.once('message', () => parentPort.postMessage(delay.max))`

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sweep-'))
try {
  await print('SQLite', loadConfig({ DATA_DIR: folder }, '/no.env'), path => {
    const client = new Sqlite(path)
    client.exec(sqliteRows)
    client.close()
  })
  await withPostgresServer(async postgres => {
    const url = postgres.newDatabase()
    const config = loadConfig({ DATABASE_URL: url, SESSION_SECRET: live }, '/no.env')
    await print('PostgreSQL', config, () => queryPostgres(url, postgresRows))
  })
} finally {
  rmSync(folder, { recursive: true })
}

async function print (name: string, config: ReturnType<typeof loadConfig>, fill: (path: string) => unknown): Promise<void> {
  const database = openDatabase(config, { now, log: silentLog })
  await database.users.ping()
  await fill(config.sqlitePath)
  await database.sessions.create(sessionOf(null, { handle: live }))
  console.log(`${name}, ${ROWS.toLocaleString('en')} expired sessions`)
  console.table({
    before: await whileReading(database, async () => { await after(BEFORE_MS); return 0 }),
    meanwhile: await whileReading(database, () => database.sessions.sweep())
  })
  await database.close()
}

async function whileReading ({ sessions }: Database, work: () => Promise<number>) {
  const idle = new Worker(idleThread, { eval: true })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const reads: number[] = []
  const timer = setInterval(async () => {
    const begun = performance.now()
    await sessions.read(live)
    reads.push(performance.now() - begun)
  }, READ_EACH_MS)
  const begun = performance.now()
  delay.enable()
  const removed = await work()
  delay.disable()
  clearInterval(timer)
  const seconds = (performance.now() - begun) / 1_000
  idle.postMessage('stop')
  const [idleMax] = await once(idle, 'message')
  reads.sort((a, b) => a - b)
  const read = (share: number) => Number((reads[Math.floor(reads.length * share)] ?? NaN).toFixed(1))
  const loop = (nanoseconds: number) => Number((nanoseconds / 1e6).toFixed(1))
  return {
    removed,
    seconds: Math.round(seconds),
    'loop p99 ms': loop(delay.percentile(99)),
    'loop p99.9 ms': loop(delay.percentile(99.9)),
    'loop max ms': loop(delay.max),
    'idle max ms': loop(idleMax),
    'read p50 ms': read(0.5),
    'read p99 ms': read(0.99),
    'read max ms': read(0.9999)
  }
}
