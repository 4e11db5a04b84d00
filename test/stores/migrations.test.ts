import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { migrate as migrateSqlite } from 'drizzle-orm/better-sqlite3/migrator'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { migrate as migratePostgres } from 'drizzle-orm/node-postgres/migrator'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { openSqlite, openSqliteOrExplain } from '../../src/stores/sqlite/open-sqlite.ts'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { SettingError } from '../../src/errors.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { openService } from '../helper.ts'
import { newPostgresDatabase, queryPostgres } from '../postgres-server.ts'
import { connected } from './new-postgres.ts'

type Dialect = 'sqlite' | 'postgres'

const url = await newPostgresDatabase(t)

/** The migrations of a release before this one, which had that many of them. */
function firstMigrations (into: string, dialect: Dialect, count: number): string {
  const folder = join(into, dialect)
  cpSync(join(packageRoot, 'drizzle', dialect), folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }))
  return folder
}

type Row = Record<string, unknown>

/** What a service has in each table. A release has those that it knows. */
const rows: Record<string, string> = {
  users: `insert into users (id, first_name, last_name, email, password_hash, session_epoch, created_at, updated_at) values
    ('grace', 'Grace', 'Hopper', 'grace@example.com', '$argon2id$one', 7, 1, 2), ('ada', 'Ada', 'Lovelace', 'ada@example.com', '$argon2id$two', 1, 3, 4)`,
  account_events: "insert into account_events (user_id, type, at, address, device) values ('grace', 'logged in', 3, '::1', 'Firefox on Linux')",
  sessions: "insert into sessions values ('handle', 'grace', 1, '{}', 4)",
  throttle: "insert into throttle values ('throttle:guesses:a', 7, 1900000000000), ('throttle:address:b', 7, 5)",
  known_devices: "insert into known_devices values ('grace', '[]', 5)"
}

const columns = 'id, first_name, last_name, email, session_epoch, disabled_at, created_at, updated_at'
const others = { label: null, last_used_at: null, data: null, key_id: null }
/** By the query that finds it. */
const kept: Record<string, { of: string, rows: Row[] }> = {
  [`select ${columns} from users order by created_at`]: {
    of: 'users',
    rows: [
      { id: 'grace', first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', session_epoch: 7, disabled_at: null, created_at: 1, updated_at: 2 },
      { id: 'ada', first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', session_epoch: 1, disabled_at: null, created_at: 3, updated_at: 4 }
    ]
  },
  'select * from credentials order by created_at': {
    of: 'users',
    rows: [
      { kind: 'password', identifier: 'grace', user_id: 'grace', secret: '$argon2id$one', created_at: 1, ...others },
      { kind: 'password', identifier: 'ada', user_id: 'ada', secret: '$argon2id$two', created_at: 3, ...others }
    ]
  },
  'select * from account_events': { of: 'account_events', rows: [{ id: 1, user_id: 'grace', type: 'logged in', at: 3, address: '::1', device: 'Firefox on Linux' }] },
  'select * from sessions': { of: 'sessions', rows: [{ handle: 'handle', user_id: 'grace', version: 1, fields: '{}', expires_at: 4 }] },
  'select * from known_devices': { of: 'known_devices', rows: [{ user_id: 'grace', devices: '[]', expires_at: 5 }] }
}

const hashOfGrace = "select password_hash from users where email = 'grace@example.com'"
const changeOfHash = "update users set password_hash = 'another' where email = 'grace@example.com'"

interface Opened {
  /** With the migrations of a release. */
  tables: string[]
  all: (query: string) => Promise<unknown[]>
}

/** The release in which it went: before it, there was a counter for each guessed email. */
const countersGoWith: Record<Dialect, number> = { sqlite: 4, postgres: 2 }

async function checkKept (t: Test, dialect: Dialect, count: number, { tables, all }: Opened): Promise<void> {
  for (const [query, { of, rows }] of Object.entries(kept)) t.strictSame(await all(query), tables.includes(of) ? rows : [], query)
  t.equal((await all('select * from throttle')).length, count < countersGoWith[dialect] ? 0 : 2, 'counters')
}

for (const count of [1, 2, 3, 4]) {
  t.test(`in SQLite, an update from a release with ${count} migrations keeps everything but the counters of guessed emails`, async t => {
    const folder = t.testdir({})
    const path = join(folder, 'latchkey.sqlite')
    const before = new Sqlite(path)
    before.pragma('foreign_keys = ON')
    migrateSqlite(drizzleSqlite({ client: before }), { migrationsFolder: firstMigrations(folder, 'sqlite', count) })
    const tables = before.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
    for (const [table, insert] of Object.entries(rows)) if (tables.includes(table)) before.exec(insert)
    const old = { read: before.prepare(hashOfGrace), write: before.prepare(changeOfHash) }
    t.strictSame(old.read.get(), { password_hash: '$argon2id$one' })
    const { $client: client } = openSqlite(path)
    t.teardown(() => client.close())
    t.throws(() => old.read.get(), /no such column: password_hash/, 'a process of before that goes on checks no password')
    t.throws(() => old.write.run(), /no such column: password_hash/, 'and changes none')
    before.close()
    await checkKept(t, 'sqlite', count, { tables, all: async query => client.prepare(query).all() })
    t.strictSame(client.pragma('foreign_key_check'), [])
    t.equal(client.pragma('integrity_check', { simple: true }), 'ok')
    t.equal(client.prepare("delete from users where id = 'grace'").run().changes, 1)
    t.strictSame(client.prepare('select user_id from credentials').pluck().all(), ['ada'], 'what is kept about a user goes with them')
  })
}

for (const count of [1, 2]) {
  t.test(`so does one in PostgreSQL, from a release with ${count}`, async t => {
    const before = new Client({ connectionString: url })
    await before.connect()
    t.teardown(() => before.end())
    await before.query('drop schema public cascade; drop schema drizzle cascade; create schema public')
    await migratePostgres(drizzlePostgres({ client: before }), { migrationsFolder: firstMigrations(t.testdir({}), 'postgres', count) })
    const tables = (await before.query("select table_name as name from information_schema.tables where table_schema = 'public'")).rows.map(({ name }) => name)
    for (const [table, insert] of Object.entries(rows)) if (tables.includes(table)) await before.query(insert)
    const old = (text: string) => before.query({ name: text.slice(0, 30), text })
    t.strictSame((await old(hashOfGrace)).rows, [{ password_hash: '$argon2id$one' }])
    const { $client: pool } = connected(t, url)
    await checkKept(t, 'postgres', count, { tables, all: async query => (await pool.query(query)).rows.map(withNumbers) })
    await t.rejects(old(hashOfGrace), /column "password_hash" does not exist/, 'a process of before that goes on checks no password')
    await t.rejects(old(changeOfHash), /column "password_hash" of relation "users" does not exist/, 'and changes none')
    await pool.query("delete from users where id = 'grace'")
    t.strictSame((await pool.query('select user_id from credentials')).rows, [{ user_id: 'ada' }], 'what is kept about a user goes with them')
  })
}

const newer = "insert into %.__drizzle_migrations (hash, created_at) values ('of a newer release', 9000000000000)"

t.test('a service that finds a SQLite database of a newer release does not start', async t => {
  const path = join(t.testdir({}), 'latchkey.sqlite')
  const { $client: client } = openSqlite(path)
  client.exec(newer.replace('%.', ''))
  client.close()
  t.throws(() => openSqliteOrExplain(path, 'DATA_DIR'), new SettingError(`DATA_DIR leads to ${path}: the tables are of a newer release: start that one, or restore a backup of this one.`))
})

t.test('one that finds such a database in PostgreSQL is not ready, and goes on once it has its own again', async t => {
  await queryPostgres(url, newer.replace('%', 'drizzle'))
  const { browser, log } = await openService(t, { DATABASE_URL: url, SESSION_SECRET: 'a secret that all machines share' })
  t.match(log.find(({ msg }) => msg === 'the database does not answer yet'), { err: { cause: { cause: { code: 'NEWER_SCHEMA' } } } })
  t.equal((await browser().get('/health/ready')).status, 503)
  t.equal((await browser().signUp()).status, 503)
  await queryPostgres(url, "delete from drizzle.__drizzle_migrations where hash = 'of a newer release'")
  t.equal((await browser().get('/health/ready')).status, 200)
  t.equal((await browser().signUp()).status, 303)
})

/** pg reads a bigint as text. */
function withNumbers (row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null || isNaN(Number(value)) ? value : Number(value)]))
}
