import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Client, type ClientBase, Pool, type PoolConfig } from 'pg'
import { SettingError } from '../../errors.ts'
import type { StoreLog } from '../../observability/store-log.ts'
import { isUpToDate, migratePostgres } from './migrate.ts'

/** Drizzle over a pool of connections. Whoever opened it closes it: `database.$client.end()`. */
export type PostgresDatabase = NodePgDatabase & { $client: Pool, place: string }

const settings: PoolConfig = {
  max: 10,
  // Six round trips with TLS and a password, to a server that may be far away. Also to wait for one of the pool that is free.
  connectionTimeoutMillis: 2_000,
  // The server gives up first, so that what was given up is not done later; the client, when the server is silent.
  statement_timeout: 700,
  query_timeout: 800,
  // Whoever vanishes in the middle of a transaction keeps its locks no longer.
  idle_in_transaction_session_timeout: 5_000,
  idleTimeoutMillis: 30_000,
  // A connection that nobody uses keeps no process from ending, also when the server does not let go of it.
  allowExitOnIdle: true,
  fallback_application_name: 'latchkey'
}

/**
 * A pool whose every query settles within a second or two, also when PostgreSQL is down, silent or frozen, and that comes
 * back by itself. Nothing is connected yet. A connection is used only once the tables are up to date.
 * @param url of postgres:, with the parameters that pg takes
 * @throws SettingError when the address cannot be used
 */
export function openPostgres (url: string, log: StoreLog): PostgresDatabase {
  const place = placeOf(url)
  const pool = new Pool({ ...settings, connectionString: url, onConnect: upToDateOnce(url) })
  logOutages(pool, log)
  return Object.assign(drizzle({ client: pool }), { place })
}

/** The tables are brought up to date before the first use; when that fails, before the next one. */
function upToDateOnce (url: string): (client: ClientBase) => Promise<void> {
  let tables: Promise<void> | undefined
  return client => {
    tables ??= bringUpToDate(client, url).catch((error: unknown) => {
      tables = undefined
      throw error
    })
    return tables
  }
}

async function bringUpToDate (client: ClientBase, url: string): Promise<void> {
  if (!await isUpToDate(client)) await migratePostgres(url)
}

/** Once for each change. What requests meet meanwhile, they log themselves. */
function logOutages (pool: Pool, log: StoreLog): void {
  let answers = true
  // A pool without a listener ends the process when the server closes an idle connection.
  pool.on('error', (error: Error & { code?: string }) => {
    if (answers) log.warn({ reason: error.code ?? 'disconnected' }, 'PostgreSQL closed a connection')
    answers = false
  })
  pool.on('connect', () => {
    if (!answers) log.info({}, 'PostgreSQL answers again')
    answers = true
  })
}

/**
 * Where that is, as pg reads the address: without a user or a password. It is read anew for each connection, with its
 * percent signs and the files that it names; what is wrong there is told at the start.
 */
function placeOf (url: string): string {
  try {
    const { host, port, database } = new Client({ connectionString: url })
    return `${host}:${port}/${database}`
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    // Not as its cause, which can hold the address, and with it the password.
    throw new SettingError(`DATABASE_URL is a postgres:// address that cannot be used (${code ?? name}).`)
  }
}
