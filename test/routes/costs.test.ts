import { Redis } from 'ioredis'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { postgresSettings, redisSettings } from '../every-store.ts'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { MINUTE_MS, openService, type Service } from '../helper.ts'
import { newPostgresDatabase } from '../postgres-server.ts'
import { startRedisServer } from '../redis-server.ts'

// What a session costs its store: one read a page view, one write a minute, nothing for visitors.

type Counts = Record<string, number>
type During = (work: () => Promise<unknown>) => Promise<Counts>

t.test('in Redis', async t => {
  const redis = await startRedisServer(t)
  const service = await openService(t, redisSettings(redis.url))
  const observer = new Redis(redis.url)
  t.teardown(() => observer.disconnect())
  await holdsFor(t, service, async work => {
    await observer.config('RESETSTAT')
    await work()
    const calls = [...(await observer.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => [name!, Number(count)] as const)
    const ownNames: Record<string, string> = { hgetall: 'read', evalsha: 'write', eval: 'write' }
    // Not the observer's own, nor what the script of an update calls, which is counted again under its own name, nor what
    // the service asks once a second whatever happens.
    const counted = calls.filter(([name]) => !/^(config|info|hmget|hset|pexpire|ping)/.test(name))
    return Object.fromEntries(counted.map(([name, count]) => [ownNames[name] ?? name, count]))
  })
})

t.test('in SQLite', async t => {
  // Before the service opens its file: its connections keep the methods of each statement that they prepare.
  const statement = Object.getPrototypeOf(new Sqlite(':memory:').prepare('select 1'))
  const runs = (['get', 'all', 'run'] as const).map(name => t.capture(statement, name, statement[name]))
  const service = await openService(t)
  await holdsFor(t, service, async work => {
    runs.forEach(calls => calls())
    await work()
    const sources = runs.flatMap(calls => calls()).map(call => ({ source: String((call as { receiver: { source: string } }).receiver.source) })).filter(({ source }) => source.includes('"sessions"'))
    const reads = sources.filter(({ source }) => source.startsWith('select')).length
    const writes = sources.length - reads
    return { ...(reads ? { read: reads } : {}), ...(writes ? { write: writes } : {}) }
  })
})

t.test('in PostgreSQL', async t => {
  const service = await openService(t, postgresSettings(await newPostgresDatabase(t)))
  await holdsFor(t, service, async work => {
    const queries = t.capture(Client.prototype, 'query', Client.prototype.query)
    await work()
    queries.restore()
    const texts = queries().map(({ args: [query] }) => (query as { text?: string }).text ?? '').filter(text => text.includes('"sessions"'))
    const reads = texts.filter(text => text.startsWith('select') && !text.endsWith('for update')).length
    // An update reads what it locks.
    const writes = texts.filter(text => text.startsWith('update') || text.startsWith('insert')).length
    return { ...(reads ? { read: reads } : {}), ...(writes ? { write: writes } : {}) }
  })
})

async function holdsFor (t: Test, { browser, time }: Service, during: During) {
  const laptop = browser()
  await laptop.signUp()
  t.strictSame(await during(() => laptop.get('/dashboard')), { read: 1 }, 'a page view')
  for (const path of ['/login', '/signup', '/health/live', '/assets/pico.css', '/nowhere']) {
    t.strictSame(await during(() => browser().get(path)), {}, `a visitor at ${path}`)
  }
  t.strictSame(await during(() => laptop.get('/assets/pico.css')), {}, 'a stylesheet for somebody logged in')
  for (let minute = 0; minute < 5; minute++) {
    time.pass(MINUTE_MS)
    const counts = await during(async () => { for (let view = 0; view < 10; view++) await laptop.get('/dashboard') })
    t.match(counts, { write: 1 }, 'one write a minute')
    t.ok(counts.read! <= 11)
  }
}
