import { Client } from 'pg'
import type { Test } from 'tap'
import { openPostgres, type PostgresDatabase } from '../../src/stores/postgres/open-postgres.ts'
import { keptLog } from '../contract/session-store.ts'
import { emptyPostgres, newPostgresDatabase } from '../postgres-server.ts'

/** One database for all tests of a file, which follow one another: each gets it with empty tables. */
export async function postgresForEach (t: Test) {
  const url = await newPostgresDatabase(t)
  return { url, open }

  /** @param way to it, when it is not the direct one */
  async function open (t: Test, way = url): Promise<PostgresDatabase> {
    await emptyPostgres(url)
    return connected(t, way)
  }
}

/** Let go of at the end of the test, where the test has not done so. */
export function connected (t: Test, url: string, log = keptLog()): PostgresDatabase {
  const database = openPostgres(url, log)
  t.teardown(() => database.$client.ending || database.$client.end())
  return database
}

/** The plans by which PostgreSQL answers what the work asks, had it any other choice than to read whole tables. */
export async function plansOf (t: Test, { $client: pool }: PostgresDatabase, work: () => Promise<unknown>): Promise<string[]> {
  const asked = t.capture(Client.prototype, 'query', Client.prototype.query)
  await work()
  const queries = asked().map(({ args: [query, values] }) => ({ values, ...(query as { text?: string, values?: unknown[] }) }))
  asked.restore()
  const client = new Client(pool.options)
  await client.connect()
  await client.query('set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off')
  const plans: string[] = []
  for (const { text, values } of queries) {
    // The begin and commit of a transaction have no plan.
    if (text === undefined) continue
    const { rows } = await client.query(`explain ${text}`, values as unknown[])
    plans.push([text, ...rows.map(row => row['QUERY PLAN'])].join('\n'))
  }
  await client.end()
  return plans
}
