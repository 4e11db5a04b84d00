import { drizzle } from 'drizzle-orm/better-sqlite3'
import t from 'tap'
import { sqliteCredentials } from '../../src/stores/sqlite/credentials.ts'
import { sqliteTransact } from '../../src/stores/sqlite/transact.ts'
import { sqliteUserRepository } from '../../src/stores/sqlite/user-repository.ts'
import { credentialsContract } from '../contract/credentials.ts'
import { movableClock } from '../contract/session-store.ts'
import { connectionTo, newDatabase } from './new-database.ts'

credentialsContract('SQLite', async t => {
  const sqlite = newDatabase(t)
  const clock = movableClock()
  return {
    credentials: sqliteCredentials(sqlite),
    transact: sqliteTransact(sqlite, clock),
    users: sqliteUserRepository(sqlite, { ...clock, watching: connectionTo(t, sqlite) }),
    clock,
    rowsOf: async query => sqlite.$client.prepare(query).all(),
    break: () => { sqlite.$client.close() }
  }
})

t.test('every query of credentials is one, and uses an index', async t => {
  const { $client: client } = newDatabase(t)
  const queries: string[] = []
  const credentials = sqliteCredentials(drizzle({ client, logger: { logQuery: query => queries.push(query) } }))
  await credentials.passwordOf('a')
  await credentials.upgradePassword('a', 'b', 'c')
  t.equal(queries.length, 2)
  for (const query of queries) {
    const plan = client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0)) as Array<{ detail: string }>
    for (const { detail } of plan) t.match(detail, /^SEARCH credentials USING INDEX/, query)
  }
})
