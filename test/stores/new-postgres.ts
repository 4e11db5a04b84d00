import type { Test } from 'tap'
import { openPostgres, type PostgresDatabase } from '../../src/database/open-postgres.ts'
import { keptLog } from '../contract/session-store.ts'
import { startPostgresServer } from '../postgres-server.ts'

/** One server and one database for all tests of a file, which follow one another: each gets it with empty tables. */
export async function postgresForEach (t: Test) {
  const server = await startPostgresServer(t)
  const url = server.newDatabase()
  return { server, url, open }

  async function open (t: Test): Promise<PostgresDatabase> {
    await server.empty(url)
    return connected(t, url)
  }
}

/** Let go of at the end of the test, where the test has not done so. */
export function connected (t: Test, url: string, log = keptLog()): PostgresDatabase {
  const database = openPostgres(url, log)
  t.teardown(() => database.$client.ending || database.$client.end())
  return database
}
