import t from 'tap'
import { ofPassword, ofSession } from '../../src/accounts/authority.ts'
import { changeEmail } from '../../src/accounts/change-email.ts'
import { changeName } from '../../src/accounts/change-name.ts'
import { changePassword } from '../../src/accounts/change-password.ts'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import { postgresCredentials } from '../../src/stores/postgres/credentials.ts'
import { postgresTransact } from '../../src/stores/postgres/transact.ts'
import { inTransaction } from '../../src/stores/postgres/transaction.ts'
import { postgresAccountEvents } from '../../src/stores/postgres/account-events.ts'
import { postgresUserRepository } from '../../src/stores/postgres/user-repository.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { transactContract } from '../contract/transact.ts'
import { ada, createUser } from '../create-user.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { queryPostgres } from '../postgres-server.ts'
import { plansOf, postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)
const client = { address: '::1', device: 'Firefox on Linux' }

transactContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  return {
    transact: postgresTransact(database, clock),
    users: postgresUserRepository(database, clock),
    credentials: postgresCredentials(database),
    accountEvents: postgresAccountEvents(database, { ...clock, log: keptLog() }),
    clock,
    break: () => { database.$client.end() }
  }
})

t.test('every change uses an index', async t => {
  const database = await postgres.open(t)
  const transact = postgresTransact(database, { now: Date.now })
  const user = await createUser(transact)
  const plans = await plansOf(t, database, async () => {
    await changePassword(transact, ofPassword(user, ada.passwordHash), 'b', client)
    await deleteAccount(transact, { id: user.id })
  })
  t.equal(plans.length, 4)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})

t.test('a change that has waited for another one is judged by what that has left', async t => {
  const database = await postgres.open(t)
  const transact = postgresTransact(database, { now: Date.now })
  const user = await createUser(transact)
  let late: Promise<boolean> | undefined
  await inTransaction(database, async transaction => {
    await transaction.execute('update users set session_epoch = session_epoch + 1')
    late = changePassword(transact, ofPassword(user, ada.passwordHash), 'b')
    const waiting = async () => (await database.execute('select 1 from pg_locks where not granted')).rows.length > 0
    while (!await waiting());
  })
  t.equal(await late, false)
})

t.test('a refused change gives its connection back as it was', async t => {
  const database = await postgres.open(t)
  const transact = postgresTransact(database, { now: Date.now })
  const [user] = [await createUser(transact), await createUser(transact, { email: 'eve@example.org' })]
  const pidOf = async () => (await database.execute('select pg_backend_pid() as pid')).rows[0]?.pid
  const before = await pidOf()
  t.equal(await deleteAccount(transact, { id: 'nobody' }), false)
  t.equal(await changeEmail(transact, ofPassword(user, ada.passwordHash), 'eve@example.org', client), 'email taken')
  t.equal(await pidOf(), before)
})

t.test('what goes wrong beside a taken email is no taken email', async t => {
  const transact = postgresTransact(await postgres.open(t), { now: Date.now })
  const user = await createUser(transact)
  await t.rejects(changeEmail(transact, ofPassword(user, ada.passwordHash), 'x'.repeat(1_000_000), client), { code: 'USERS_UNAVAILABLE' }, 'more than an index holds')
})

t.test('a change that is answered as unavailable before its commit is not made later', async t => {
  const proxy = await startFaultProxy(t, Number(new URL(postgres.url).port))
  const database = await postgres.open(t, postgres.url.replace(new URL(postgres.url).host, `127.0.0.1:${proxy.port}`))
  const transact = postgresTransact(database, { now: Date.now })
  const user = await createUser(transact)
  // Each query is in time, all of them are not.
  proxy.delay(400)
  await t.rejects(changeName(transact, ofSession(user), { firstName: 'Eve', lastName: 'Eve' }, client), { code: 'USERS_UNAVAILABLE' })
  await database.$client.end()
  t.strictSame((await queryPostgres(postgres.url, 'select first_name from users')).rows, [{ first_name: user.firstName }])
})
