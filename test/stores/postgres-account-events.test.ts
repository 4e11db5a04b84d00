import { setImmediate as nextTurn } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { users as table } from '../../drizzle/postgres/schema.ts'
import { inTransaction } from '../../src/stores/postgres/transaction.ts'
import { postgresTransact } from '../../src/stores/postgres/transact.ts'
import { postgresAccountEvents } from '../../src/stores/postgres/account-events.ts'
import { accountEventsContract } from '../contract/account-events.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { createUser } from '../create-user.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { plansOf, postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

accountEventsContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  const log = keptLog()
  const events = postgresAccountEvents(database, { ...clock, log })
  return { events, transact: postgresTransact(database, clock), clock, log, break: () => { database.$client.end() } }
})

t.test('every query of events uses an index', async t => {
  const database = await postgres.open(t)
  const events = postgresAccountEvents(database, { now: Date.now, log: keptLog() })
  const transact = postgresTransact(database, { now: Date.now })
  const { id: userId } = await createUser(transact)
  const plans = await plansOf(t, database, async () => {
    events.record({ userId, type: 'logged in', address: '::1', device: 'Firefox on Linux' })
    await events.listOf('a')
    await events.sweep()
  })
  t.equal(plans.length, 4)
  for (const plan of plans) t.notMatch(plan, /Seq Scan|Sort/)
})

t.test('a user who is just being deleted takes no events of others along', async t => {
  const database = await postgres.open(t)
  const log = keptLog()
  const events = postgresAccountEvents(database, { now: Date.now, log })
  const transact = postgresTransact(database, { now: Date.now })
  const [ada, eve] = await Promise.all(['ada@example.org', 'eve@example.org'].map(async email => (await createUser(transact, { email })).id))
  for (const userId of [ada!, eve!]) events.record({ userId, type: 'logged in', address: '::1', device: 'Firefox on Linux' })
  let written: Promise<void> | undefined
  await inTransaction(database, async transaction => {
    await transaction.delete(table).where(eq(table.id, ada!))
    written = events.flush()
    const waiting = async () => (await database.execute("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rows.length > 0
    while (!await waiting()) await nextTurn()
  })
  await written
  t.strictSame(log.lines, [])
  t.equal((await events.listOf(eve!)).length, 1)
})

t.test('a sweep goes past what another process is at', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  const events = postgresAccountEvents(database, { now: clock.now, log: keptLog() })
  const transact = postgresTransact(database, clock)
  const { id: userId } = await createUser(transact)
  for (const type of ['logged in', 'logged out'] as const) events.record({ userId, type, address: '::1', device: 'Firefox on Linux' })
  await events.flush()
  clock.move(91 * 24 * 60 * 60_000)
  await inTransaction(database, async transaction => {
    await transaction.execute("select 1 from account_events where type = 'logged in' for update")
    t.equal(await events.sweep(), 1)
  })
  t.equal(await events.sweep(), 1)
})

t.test('events whose writing was given up are written once', async t => {
  const proxy = await startFaultProxy(t, Number(new URL(postgres.url).port))
  const database = await postgres.open(t, postgres.url.replace(new URL(postgres.url).host, `127.0.0.1:${proxy.port}`))
  const clock = movableClock()
  const events = postgresAccountEvents(database, { now: clock.now, log: keptLog() })
  const { id: userId } = await createUser(postgresTransact(database, clock))
  events.record({ userId, type: 'logged in', address: '::1', device: 'Firefox on Linux' })
  // Each query is in time, all of them are not.
  proxy.delay(330)
  await events.flush()
  proxy.delay(0)
  while (database.$client.idleCount < database.$client.totalCount) await nextTurn()
  clock.move(5_000)
  t.equal((await events.listOf(userId)).length, 1)
})
