import t from 'tap'
import { postgresAccountEvents } from '../../src/users/postgres-account-events.ts'
import { postgresUserRepository } from '../../src/users/postgres-user-repository.ts'
import { accountEventsContract } from '../contract/account-events.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'
import { postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

accountEventsContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  const log = keptLog()
  const events = postgresAccountEvents(database, { ...clock, log })
  return { events, users: postgresUserRepository(database, clock), clock, log, break: () => { database.$client.end() } }
})
