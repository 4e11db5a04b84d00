import t from 'tap'
import { ofPassword } from '../../src/accounts/authority.ts'
import { changeEmail } from '../../src/accounts/change-email.ts'
import { postgresCredentials } from '../../src/stores/postgres/credentials.ts'
import { postgresTransact } from '../../src/stores/postgres/transact.ts'
import { inTransaction } from '../../src/stores/postgres/transaction.ts'
import { postgresUserRepository } from '../../src/stores/postgres/user-repository.ts'
import { credentialsContract } from '../contract/credentials.ts'
import { movableClock } from '../contract/session-store.ts'
import { ada, createUser } from '../create-user.ts'
import { plansOf, postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

credentialsContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  return {
    credentials: postgresCredentials(database),
    transact: postgresTransact(database, clock),
    users: postgresUserRepository(database, clock),
    clock,
    rowsOf: async query => (await database.execute(query)).rows,
    break: () => { database.$client.end() }
  }
})

t.test('every query of credentials is one, and uses an index', async t => {
  const database = await postgres.open(t)
  const credentials = postgresCredentials(database)
  await createUser(postgresTransact(database, { now: Date.now }))
  const plans = await plansOf(t, database, async () => {
    await credentials.passwordOf('a')
    await credentials.upgradePassword('a', 'b', 'c')
  })
  t.equal(plans.length, 2)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})

t.test('what takes the password changes nothing after it has waited for a change of the password', async t => {
  const database = await postgres.open(t)
  const transact = postgresTransact(database, { now: Date.now })
  const user = await createUser(transact)
  const waiting = async () => (await database.execute('select 1 from pg_locks where not granted')).rows.length > 0
  let late: Promise<unknown> | undefined
  await inTransaction(database, async transaction => {
    // As a change of the password does, the user's row first.
    await transaction.execute('update users set session_epoch = session_epoch + 1')
    late = changeEmail(transact, ofPassword(user, ada.passwordHash), 'eve@example.org', { address: '::1', device: 'Firefox on Linux' })
    while (!await waiting());
    await transaction.execute("update credentials set secret = '$argon2id$two'")
  })
  t.equal(await late, 'conflict')
})
