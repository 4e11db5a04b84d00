import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, startPostgresServer } from '../test/postgres-server.ts'

/** A PostgreSQL on a free port of loopback, for as long as the work takes. It does not wait for the disk. */
export async function withPostgresServer (work: (postgres: PostgresServer & { pid: number }) => Promise<void>): Promise<void> {
  const endings: Array<() => unknown> = []
  const server = await startPostgresServer({ teardown (end) { endings.push(end) } })
  try {
    await work({ ...server, pid: Number.parseInt(readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8')) })
  } finally {
    for (const ending of endings.toReversed()) await ending()
  }
}
