import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { emptyPostgres, newPostgresDatabase } from './postgres-server.ts'
import { newRedisDatabase } from './redis-server.ts'

type Settings = Record<string, string>

/** The same facts with sessions in SQLite, in PostgreSQL and in Redis. The settings handed in open a service on an empty store. */
export async function onEveryStore (t: Test, facts: (t: Test, settings: () => Promise<Settings>) => Promise<void>): Promise<void> {
  await onSqliteAndRedis(t, facts)
  await t.test('with sessions in PostgreSQL', async t => {
    const url = await newPostgresDatabase(t)
    await facts(t, async () => {
      await emptyPostgres(url)
      return postgresSettings(url)
    })
  })
}

/** The same facts with sessions in SQLite and in Redis, where PostgreSQL's own suites say the rest. */
export async function onSqliteAndRedis (t: Test, facts: (t: Test, settings: () => Promise<Settings>) => Promise<void>): Promise<void> {
  await t.test('with sessions in SQLite', t => facts(t, async () => ({})))
  await t.test('with sessions in Redis', t => inRedis(t, facts))
}

async function inRedis (t: Test, facts: (t: Test, settings: () => Promise<Settings>) => Promise<void>): Promise<void> {
  const url = await newRedisDatabase(t)
  await facts(t, async () => redisSettings(url))
}

export function redisSettings (url: string): Settings {
  const random = randomBytes(24).toString('hex')
  return { REDIS_URL: url, REDIS_PREFIX: `${random.slice(0, 8)}:`, SESSION_SECRET: random }
}

export function postgresSettings (url: string): Settings {
  return { DATABASE_URL: url, SESSION_SECRET: randomBytes(24).toString('hex') }
}
