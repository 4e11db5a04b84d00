import { drizzle } from 'drizzle-orm/better-sqlite3'
import t, { type Test } from 'tap'
import { changeName } from '../../src/accounts/change-name.ts'
import { sqliteTransact } from '../../src/stores/sqlite/transact.ts'
import { sqliteUserRepository } from '../../src/stores/sqlite/user-repository.ts'
import type { Account } from '../../src/users/user-repository.ts'
import { movableClock } from '../contract/session-store.ts'
import { userRepositoryContract } from '../contract/user-repository.ts'
import { createUser } from '../create-user.ts'
import { connectionTo, newDatabase } from './new-database.ts'

userRepositoryContract('SQLite', async t => {
  const sqlite = newDatabase(t)
  const clock = movableClock()
  const watching = connectionTo(t, sqlite)
  return { users: sqliteUserRepository(sqlite, { ...clock, watching }), transact: sqliteTransact(sqlite, clock), clock, break: () => [sqlite.$client, watching].forEach(client => client.close()) }
})

t.test('every query of users uses an index', async t => {
  const sqlite = newDatabase(t)
  const { $client: client } = sqlite
  const queries = new Set<string>()
  const users = sqliteUserRepository(drizzle({ client, logger: { logQuery: query => queries.add(query) } }), { now: Date.now, watching: connectionTo(t, sqlite) })
  await users.findById('a')
  await users.findByEmail('a')
  await users.list({ limit: 10 })
  t.equal(queries.size, 3)
  for (const query of queries) {
    const plan = client.prepare(`explain query plan ${query}`).all(...query.match(/\?/g)!.map(() => 0))
    t.match(plan, [{ detail: /^SEARCH users USING INDEX/ }], query)
  }
})

/** Users, and how often they were read. */
async function openKnown (t: Test) {
  const sqlite = newDatabase(t)
  const reads: string[] = []
  const looks: unknown[] = []
  const logged = drizzle({ client: sqlite.$client, logger: { logQuery: query => { if (query.startsWith('select')) reads.push(query) } } })
  const users = sqliteUserRepository(logged, { now: Date.now, watching: connectionTo(t, sqlite, statement => looks.push(statement)) })
  const transact = sqliteTransact(logged, { now: Date.now })
  const { id } = await createUser(transact, { firstName: 'Grace' })
  const rename = async (firstName: string) => await changeName(transact, { id }, { firstName, lastName: 'Hopper' }, { address: '::1', device: 'Firefox on Linux' })
  await users.findById(id)
  reads.length = 0
  looks.length = 0
  return { sqlite, users, id, rename, reads, looks }
}

t.test('a user is read again only after something was written', async t => {
  const { sqlite, users, id, rename, reads } = await openKnown(t)
  for (let times = 0; times < 3; times++) t.match(await users.findById(id), { firstName: 'Grace' })
  t.equal(reads.length, 0)

  t.ok(await rename('Amazing'))
  t.match(await users.findById(id), { firstName: 'Amazing' }, 'by this process')
  connectionTo(t, sqlite).prepare("update users set first_name = 'Rear Admiral'").run()
  t.match(await users.findById(id), { firstName: 'Rear Admiral' }, 'by another')
  connectionTo(t, sqlite).exec('delete from users')
  t.equal(await users.findById(id), null)
})

t.test('who waited for a write reads it, whoever else reads at that moment', async t => {
  const { users, id, rename } = await openKnown(t)
  for (let round = 0; round < 100; round++) {
    const firstName = `Grace ${round}`
    const written = async () => {
      await rename(firstName)
      return await users.findById(id)
    }
    const [, after] = await Promise.all([users.findById(id), written(), users.findById(id)])
    t.match(after, { firstName })
  }
})

t.test('what many are handed none of them can change', async t => {
  const { users, id } = await openKnown(t)
  const user = await users.findById(id) as Account
  t.throws(() => { user.firstName = 'Mallory' }, TypeError)
})

t.test('of many who read at one moment one asks whether anything was written', async t => {
  const { users, id, looks } = await openKnown(t)
  await Promise.all([id, id, 'nobody', id].map(id => users.findById(id)))
  t.strictSame(looks, ['PRAGMA data_version'])
  await users.findById(id)
  t.equal(looks.length, 2)
})
