import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { migrate as migrateSqlite } from 'drizzle-orm/better-sqlite3/migrator'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { migrate as migratePostgres } from 'drizzle-orm/node-postgres/migrator'
import { Client } from 'pg'
import t from 'tap'
import { openSqlite } from '../../src/database/open-sqlite.ts'
import { Sqlite } from '../../src/database/sqlite-driver.ts'
import { packageRoot } from '../../src/package-root.ts'
import { newPostgresDatabase } from '../postgres-server.ts'
import { connected } from './new-postgres.ts'

const url = await newPostgresDatabase(t)

/** The migrations of a release before this one. */
function migrationsBefore (into: string, dialect: 'sqlite' | 'postgres', tag: string): string {
  const folder = join(into, dialect)
  cpSync(join(packageRoot, 'drizzle', dialect), folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  const at = journal.entries.findIndex((entry: { tag: string }) => entry.tag === tag)
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, at) }))
  return folder
}

const rows = `
  insert into users (id, first_name, last_name, email, password_hash, session_epoch, created_at, updated_at) values ('grace', 'Grace', 'Hopper', 'grace@example.com', '$argon2id$one', 7, 1, 2);
  insert into account_events (user_id, type, at, address, device) values ('grace', 'logged in', 3, '::1', 'Firefox on Linux');
  insert into sessions values ('handle', 'grace', 1, '{}', 4);
  insert into throttle values ('throttle:guesses:a', 7, 1900000000000), ('throttle:address:b', 7, 5)`

const kept = {
  users: { id: 'grace', first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password_hash: '$argon2id$one', session_epoch: 7, disabled_at: null, created_at: 1, updated_at: 2 },
  account_events: { id: 1, user_id: 'grace', type: 'logged in', at: 3, address: '::1', device: 'Firefox on Linux' },
  sessions: { handle: 'handle', user_id: 'grace', version: 1, fields: '{}', expires_at: 4 }
}

/** What an earlier release, which goes on while others are updated, writes when somebody guesses. */
const guess = "insert into throttle values ('throttle:guesses:a', 1, 1900000000000) on conflict (key) do update set points = throttle.points + 1"

t.test('in SQLite, an update keeps everything but the counters, of which there was one for each guessed email', async t => {
  const folder = t.testdir({})
  const path = join(folder, 'latchkey.sqlite')
  const before = new Sqlite(path)
  before.pragma('foreign_keys = ON')
  migrateSqlite(drizzleSqlite({ client: before }), { migrationsFolder: migrationsBefore(folder, 'sqlite', '0003_known-devices') })
  before.exec(rows)
  const { $client: client } = openSqlite(path)
  t.teardown(() => client.close())
  for (const [table, row] of Object.entries(kept)) t.strictSame(client.prepare(`select * from ${table}`).all(), [row], table)
  for (const table of ['throttle', 'known_devices']) t.strictSame(client.prepare(`select * from ${table}`).all(), [], table)
  before.exec(guess)
  before.close()
})

t.test('so does one in PostgreSQL', async t => {
  const before = new Client({ connectionString: url })
  await before.connect()
  t.teardown(() => before.end())
  await before.query('drop schema public cascade; drop schema drizzle cascade; create schema public')
  await migratePostgres(drizzlePostgres({ client: before }), { migrationsFolder: migrationsBefore(t.testdir({}), 'postgres', '0001_known-devices') })
  await before.query(rows)
  const { $client: pool } = connected(t, url)
  const all = async (table: string) => (await pool.query(`select * from ${table}`)).rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isNaN(Number(value)) || value === null ? value : Number(value)])))
  for (const [table, row] of Object.entries(kept)) t.strictSame(await all(table), [row], table)
  for (const table of ['throttle', 'known_devices']) t.strictSame(await all(table), [], table)
  await before.query(guess)
})
