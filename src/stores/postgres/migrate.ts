import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Client, type ClientBase } from 'pg'
import { packageRoot } from '../../config/package-root.ts'
import { hasEveryMigration } from '../newer-schema.ts'

const CONNECTION_TIMEOUT_MS = 2_000
/** Far above that of a request: of many processes, all wait until one has made the tables. */
const MIGRATION_TIMEOUT_MS = 60_000
/** Ours among the advisory locks of a database: a number that no other program there has chosen. */
export const MIGRATION_LOCK = 0x4c61746368

const migrations = { migrationsFolder: join(packageRoot, 'drizzle', 'postgres') }

/** Writes and locks nothing, so that a server that is read-only can serve. @throws NewerSchema */
export async function isUpToDate (client: ClientBase): Promise<boolean> {
  // What is wrong beyond a missing table, migrating finds out.
  const { rows } = await client.query('select max(created_at) as newest from drizzle.__drizzle_migrations').catch(() => ({ rows: [] }))
  return hasEveryMigration(migrations.migrationsFolder, Number(rows[0]?.newest))
}

/** Brings the tables up to date, in one transaction: of processes that start at once, one does it and the others wait. */
export async function migratePostgres (url: string): Promise<void> {
  const timeouts = { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, query_timeout: MIGRATION_TIMEOUT_MS, statement_timeout: MIGRATION_TIMEOUT_MS }
  const client = new Client({ connectionString: url, ...timeouts })
  // The query under way rejects with the same reason.
  client.on('error', () => {})
  try {
    await client.connect()
    await drizzle({ client }).transaction(async transaction => {
      await transaction.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      await migrate(transaction, migrations)
    })
  } finally {
    // Not awaited, as a server that froze would not let go.
    client.end().catch(() => {})
  }
}
