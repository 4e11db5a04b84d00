import { drizzle } from 'drizzle-orm/better-sqlite3'
import t from 'tap'
import { sqliteTransact } from '../../src/stores/sqlite/transact.ts'
import { sqliteAccountEvents } from '../../src/stores/sqlite/account-events.ts'
import { accountEventsContract } from '../contract/account-events.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { newDatabase } from './new-database.ts'

accountEventsContract('SQLite', async t => {
  const sqlite = newDatabase(t)
  const clock = movableClock()
  const log = keptLog()
  const events = sqliteAccountEvents(sqlite, { ...clock, log })
  return { events, transact: sqliteTransact(sqlite, clock), clock, log, break: () => sqlite.$client.close() }
})

t.test('every query of events uses an index', async t => {
  const { $client: client } = newDatabase(t)
  const queries = new Set<string>()
  const logged = drizzle({ client, logger: { logQuery: query => queries.add(query) } })
  const events = sqliteAccountEvents(logged, { now: Date.now, log: keptLog() })
  await events.listOf('a')
  await events.sweep()
  t.equal(queries.size, 2)
  for (const query of queries) {
    const plan = client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0)) as Array<{ detail: string }>
    t.ok(plan.every(({ detail }) => !detail.startsWith('SCAN') && !detail.includes('TEMP B-TREE')), query)
  }
})
