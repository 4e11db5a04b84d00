import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { PostgresDatabase } from './open-postgres.ts'

/**
 * All of the work, or nothing.
 * @param isKept whether to commit what the work did, by its result; otherwise it is rolled back
 *
 * Not Drizzle's own transaction: it never gives back a connection that fails to begin, it gives back broken ones, and
 * nothing listens to a connection that breaks meanwhile, which ends the process.
 */
export async function inTransaction<T> ({ $client: pool }: PostgresDatabase, work: (transaction: NodePgDatabase) => Promise<T>, isKept = (_result: T) => true): Promise<T> {
  const client = await pool.connect()
  // Its query under way rejects with the same reason.
  client.on('error', ignore)
  try {
    await client.query('begin')
    const result = await work(drizzle({ client }))
    await client.query(isKept(result) ? 'commit' : 'rollback')
    client.off('error', ignore).release()
    return result
  } catch (error) {
    // Closed with its transaction, whatever state they are in.
    client.release(error as Error)
    throw error
  }
}

function ignore (): void {}
