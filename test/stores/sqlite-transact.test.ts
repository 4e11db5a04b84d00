import { drizzle } from 'drizzle-orm/better-sqlite3'
import t from 'tap'
import { ofPassword } from '../../src/accounts/authority.ts'
import { changePassword } from '../../src/accounts/change-password.ts'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import { sqliteCredentials } from '../../src/stores/sqlite/credentials.ts'
import { sqliteTransact } from '../../src/stores/sqlite/transact.ts'
import { sqliteAccountEvents } from '../../src/stores/sqlite/account-events.ts'
import { sqliteUserRepository } from '../../src/stores/sqlite/user-repository.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { transactContract } from '../contract/transact.ts'
import { ada, createUser } from '../create-user.ts'
import { connectionTo, newDatabase } from './new-database.ts'

transactContract('SQLite', async t => {
  const sqlite = newDatabase(t)
  const clock = movableClock()
  const watching = connectionTo(t, sqlite)
  return {
    transact: sqliteTransact(sqlite, clock),
    users: sqliteUserRepository(sqlite, { ...clock, watching }),
    credentials: sqliteCredentials(sqlite),
    accountEvents: sqliteAccountEvents(sqlite, { ...clock, log: keptLog() }),
    clock,
    break: () => sqlite.$client.close()
  }
})

t.test('every change uses an index', async t => {
  const { $client: client } = newDatabase(t)
  const queries = new Set<string>()
  const transact = sqliteTransact(drizzle({ client, logger: { logQuery: query => queries.add(query) } }), { now: Date.now })
  const user = await createUser(transact)
  await changePassword(transact, ofPassword(user, ada.passwordHash), 'b')
  await deleteAccount(transact, ofPassword(user, ada.passwordHash))
  const changes = [...queries].filter(query => !query.startsWith('insert'))
  t.equal(changes.length, 2)
  for (const query of changes) {
    const plan = client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0))
    t.match(plan, [{ detail: /^SEARCH users USING INDEX/ }], query)
  }
})
