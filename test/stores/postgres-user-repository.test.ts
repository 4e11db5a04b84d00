import { eq } from 'drizzle-orm'
import t from 'tap'
import { users as table } from '../../drizzle/postgres/schema.ts'
import { postgresTransact } from '../../src/stores/postgres/transact.ts'
import { postgresUserRepository } from '../../src/stores/postgres/user-repository.ts'
import { movableClock } from '../contract/session-store.ts'
import { userRepositoryContract } from '../contract/user-repository.ts'
import { createUser } from '../create-user.ts'
import { plansOf, postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

userRepositoryContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  return { users: postgresUserRepository(database, clock), transact: postgresTransact(database, clock), clock, break: () => { database.$client.end() } }
})

t.test('every query of users uses an index', async t => {
  const database = await postgres.open(t)
  const users = postgresUserRepository(database, { now: Date.now })
  await createUser(postgresTransact(database, { now: Date.now }))
  const plans = await plansOf(t, database, async () => {
    await users.findById('a')
    await users.findByEmail('a')
    await users.list({ limit: 10 })
    await users.raiseEverySessionEpoch()
  })
  t.equal(plans.length, 3 + 3)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})

t.test('every session of everybody ends, however many they are', async t => {
  const database = await postgres.open(t)
  await database.execute('insert into users select \'id\' || n, \'a\', \'b\', n || \'@example.org\', 1, null, 0, 0 from generate_series(1, 2500) n')
  const users = postgresUserRepository(database, { now: Date.now })
  t.equal(await users.raiseEverySessionEpoch(), 2500)
  t.equal(await database.$count(table, eq(table.sessionEpoch, 2)), 2500)
})

t.test('emails are told apart and ordered by their bytes, whatever the language of the server', async t => {
  const database = await postgres.open(t)
  const { rows } = await database.execute("select collation_name as name from information_schema.columns where table_schema = 'public' and data_type = 'text'")
  t.ok(rows.length > 10)
  for (const { name } of rows) t.equal(name, 'C')
})
