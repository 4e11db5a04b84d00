import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { silentLog } from '../src/cli/silent-log.ts'
import { loadConfig } from '../src/config/config.ts'
import { openDatabase } from '../src/stores/open/open-database.ts'
import { Sqlite } from '../src/stores/sqlite/driver.ts'
import { openSessionStore } from '../src/stores/open/open-session-store.ts'
import type { SessionStore } from '../src/sessions/session-store.ts'
import { queryPostgres } from '../test/postgres-server.ts'
import { withPostgresServer } from './postgres-server.ts'
import { withRedisServer } from './redis-server.ts'
import { sessionOf } from './session-of.ts'

/*
 * `latchkey sessions revoke --all` with 100,000 users who have a session each: how long it takes, and how long the writes
 * of a service beside it take meanwhile. The number of users can be given.
 */

const USERS = Number(process.argv[2] ?? 100_000)
const WRITE_EACH_MS = 10
const BEFORE_MS = 3_000
const CREATED_AT_ONCE = 200

type Settings = Record<string, string>

const command = fileURLToPath(new URL('../bin/latchkey.js', import.meta.url))
const user = "'user-' || i, 'Ada', 'Lovelace', 'ada' || i || '@example.com', 1, null, 1763726400000, 1763726400000"
const fields = '{"userId":"user-%","epoch":1,"startedAt":1763726400000,"lastSeenAt":1763726400000}'
const session = `'handle-' || i, 'user-' || i, 1, replace('${fields}', '%', cast(i as text)), ${Date.now() + 3_600_000}`
const counted = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${USERS})`
const inserts = [`insert into users ${counted} select ${user} from n`, `insert into sessions ${counted} select ${session} from n`]

const folder = mkdtempSync(join(tmpdir(), 'latchkey-revoke-'))
try {
  await measure('SQLite', { DATA_DIR: join(folder, 'alone') }, fillSqlite)
  await withRedisServer(async ({ url }) => {
    await measure('SQLite and Redis', { DATA_DIR: join(folder, 'redis'), REDIS_URL: url, SESSION_SECRET: newSecret() }, fillSqlite)
  })
  await withPostgresServer(async postgres => {
    const url = postgres.newDatabase()
    await measure('PostgreSQL', { DATABASE_URL: url, SESSION_SECRET: newSecret() }, async () => { for (const insert of inserts) await queryPostgres(url, insert) })
  })
} finally {
  rmSync(folder, { recursive: true })
}

function fillSqlite (path: string): void {
  const client = new Sqlite(path)
  client.exec(inserts.join(';'))
  client.close()
}

async function measure (name: string, settings: Settings, fill: (path: string) => unknown): Promise<void> {
  const config = loadConfig(settings, '/no.env')
  const options = { now: Date.now, log: silentLog }
  const database = openDatabase(config, options)
  await database.users.ping()
  await fill(config.sqlitePath)
  const sessions = await openSessionStore({ ...options, redisUrl: config.redisUrl, redisPrefix: config.redisPrefix, database })
  if (config.redisUrl !== undefined) await createSessions(sessions)
  console.log(name)
  console.table({ before: await whileWriting(sessions, () => after(BEFORE_MS, '')), meanwhile: await whileWriting(sessions, () => revokeAll(settings)) })
  await sessions.close()
  await database.close()
}

function newSecret (): string {
  return randomBytes(32).toString('base64url')
}

async function createSessions (sessions: SessionStore): Promise<void> {
  for (let created = 0; created < USERS; created += CREATED_AT_ONCE) {
    await Promise.all(Array.from({ length: CREATED_AT_ONCE }, (_, at) => sessions.create(sessionOf(`user-${created + at + 1}`))))
  }
}

/** @returns what the command printed */
async function revokeAll (settings: Settings): Promise<string> {
  const child = spawn(process.execPath, [command, 'sessions', 'revoke', '--all', '--yes'], { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`the command failed with ${code}`)
  return said.trim()
}

async function whileWriting (sessions: SessionStore, work: () => Promise<string>) {
  const took: number[] = []
  let failed = 0
  const timer = setInterval(async () => {
    const started = performance.now()
    await sessions.create(sessionOf(null)).catch(() => { failed++ })
    took.push(performance.now() - started)
  }, WRITE_EACH_MS)
  const started = performance.now()
  const said = await work()
  clearInterval(timer)
  const seconds = Number(((performance.now() - started) / 1_000).toFixed(1))
  took.sort((a, b) => a - b)
  const write = (share: number) => Number(took[Math.floor(took.length * share)]!.toFixed(1))
  return { said, seconds, 'writes failed': failed, 'write p50 ms': write(0.5), 'write p99 ms': write(0.99), 'write max ms': write(0.9999) }
}
