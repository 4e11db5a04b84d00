import { drizzle } from 'drizzle-orm/better-sqlite3'
import t from 'tap'
import { sqliteUserRepository } from '../../src/users/sqlite-user-repository.ts'
import { movableClock } from '../contract/session-store.ts'
import { userRepositoryContract } from '../contract/user-repository.ts'
import { newDatabase } from './new-database.ts'

userRepositoryContract('SQLite', async t => {
  const sqlite = newDatabase(t)
  const clock = movableClock()
  return { users: sqliteUserRepository(sqlite, clock), clock, break: () => sqlite.$client.close() }
})

t.test('every query of users uses an index', async t => {
  const { $client: client } = newDatabase(t)
  const queries = new Set<string>()
  const users = sqliteUserRepository(drizzle({ client, logger: { logQuery: query => queries.add(query) } }), { now: Date.now })
  await users.findById('a')
  await users.findByEmail('a')
  await users.upgradePasswordHash('a', 'b', 'c')
  await users.rename('a', { firstName: 'b', lastName: 'c' })
  await users.changeEmail('a', 'b')
  await users.changePassword('a', 'b', 'c')
  await users.setPassword('a', 'b')
  await users.setDisabled('a', true)
  await users.raiseSessionEpoch('a')
  await users.delete('a')
  await users.list({ limit: 10 })
  t.equal(queries.size, 11)
  for (const query of queries) {
    const plan = client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0))
    t.match(plan, [{ detail: /^SEARCH users USING INDEX/ }], query)
  }
})
