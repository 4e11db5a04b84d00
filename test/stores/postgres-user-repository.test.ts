import t from 'tap'
import { postgresUserRepository } from '../../src/users/postgres-user-repository.ts'
import { movableClock } from '../contract/session-store.ts'
import { userRepositoryContract } from '../contract/user-repository.ts'
import { postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

userRepositoryContract('PostgreSQL', async t => {
  const database = await postgres.open(t)
  const clock = movableClock()
  return { users: postgresUserRepository(database, clock), clock, break: () => { database.$client.end() } }
})
