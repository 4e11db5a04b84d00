import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import type { RateLimitStore } from '../../../src/authentication/limits/rate-limit-store.ts'
import { postgresRateLimitStore } from '../../../src/stores/postgres/rate-limit-store.ts'
import { redisRateLimitStore } from '../../../src/stores/redis/rate-limit-store.ts'
import { openCounters, sqliteRateLimitStore } from '../../../src/stores/sqlite/rate-limit-store.ts'
import { MovableClock } from '../../helper.ts'
import { newRedisDatabase } from '../../redis-server.ts'
import { copySqliteTemplate } from '../../sqlite-template.ts'
import { postgresForEach } from '../../stores/new-postgres.ts'

export interface RateLimitsUnderTest {
  store: RateLimitStore
  clock: MovableClock
  /** All that is stored, in order. */
  content: () => Promise<string[]>
  /** Makes every further call fail. */
  break: () => Promise<unknown>
}

type Open = (t: Test) => Promise<RateLimitsUnderTest>

/** The same facts with counters in SQLite, in PostgreSQL and in Redis, each time empty. */
export async function onEveryRateLimitStore (t: Test, facts: (t: Test, open: Open) => Promise<void>): Promise<void> {
  await t.test('in SQLite', t => facts(t, inSqlite))
  await t.test('in PostgreSQL', async t => {
    const postgres = await postgresForEach(t)
    await facts(t, async t => {
      const [database, clock] = [await postgres.open(t), new MovableClock()]
      // The first connection also looks at the tables, which may take longer than an answer.
      await database.$client.query('select 1')
      const content = async () => (await database.$client.query('select * from throttle order by key')).rows.map(row => JSON.stringify(row))
      return { store: postgresRateLimitStore(database, clock), clock, content, break: () => database.$client.end() }
    })
  })
  await t.test('in Redis', async t => {
    const url = await newRedisDatabase(t)
    await facts(t, async t => inRedis(t, url))
  })
}

export async function inSqlite (t: Test): Promise<RateLimitsUnderTest> {
  const clock = new MovableClock()
  const path = `${t.testdir({})}/latchkey.sqlite`
  copySqliteTemplate(path)
  const database = openCounters(path, clock.now)
  t.teardown(() => database.$client.close())
  const content = async () => database.$client.prepare('select * from throttle order by key').all().map(row => JSON.stringify(row))
  return { store: sqliteRateLimitStore(database, clock), clock, content, break: async () => database.$client.close() }
}

async function inRedis (t: Test, url: string): Promise<RateLimitsUnderTest> {
  const redis = new Redis(url)
  t.teardown(() => redis.disconnect())
  const [clock, prefix] = [new MovableClock(), `${randomBytes(4).toString('hex')}:`]
  const content = async () => {
    const keys = (await redis.keys(`${prefix}*`)).toSorted()
    return await Promise.all(keys.map(async key => `${key} ${await redis.get(key)} ${await redis.pexpiretime(key)}`))
  }
  return { store: redisRateLimitStore(redis, { prefix, now: clock.now }), clock, content, break: async () => redis.disconnect() }
}
