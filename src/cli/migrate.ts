import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Counted, copyToPostgres, countsIn, countsInPostgres } from '../stores/postgres/copy-from-sqlite.ts'
import { openPostgres, type PostgresDatabase } from '../stores/postgres/open-postgres.ts'
import { existingSqlite, type SqliteDatabase } from '../stores/sqlite/open-sqlite.ts'
import { UsersUnavailable } from '../errors.ts'
import { packageRoot } from '../config/package-root.ts'
import { type Invocation, type Command, Failed, WrongUsage } from './command.ts'
import { print, printJson } from './output.ts'
import { withProgress } from './progress.ts'
import { silentLog } from './silent-log.ts'

export const migrate: Command = {
  summary: 'copy users, their passwords and events from SQLite to PostgreSQL',
  details: 'Stop the service first. --to defaults to DATABASE_URL, which other users of the machine cannot see in the process list. Sessions are not copied: people log in again. If it is interrupted, run it again: existing rows stay. Do not run it once people use the new database, or accounts that were deleted there come back.',
  flags: ['from', 'to', 'json'],
  required: ['from'],
  async run (invocation) {
    const { path, url } = parseEndpoints(invocation)
    const from = existingSqlite(path, '--from')
    const to = openPostgres(url, silentLog)
    try {
      await copy(invocation, from, to)
    } finally {
      from.$client.close()
      await to.$client.end()
    }
  }
}

async function copy ({ flags, shell }: Invocation, from: SqliteDatabase, to: PostgresDatabase): Promise<void> {
  const there = await countsIn(from)
  await withProgress(shell, show => copyToPostgres(from, to, done => show(progressText(done, there)))).catch(explain)
  const arrived = await countsInPostgres(to)
  if (!isDeepStrictEqual(arrived, there)) throw new Failed(`Copied, but the counts differ: ${inWords(there)} there, ${inWords(arrived)} here. Was a service running on one of them?`)
  await (flags.json ? printJson(shell, arrived) : print(shell, `${inWords(arrived)} copied; the counts are the same on both sides.\n`))
}

function progressText (done: Counted, { users, events }: Counted): string {
  return `Copying … ${done.users} of ${users} users, ${done.events} of ${events} events`
}

function inWords ({ users, credentials, events }: Counted): string {
  return `${users} users, ${credentials} credentials and ${events} events`
}

function parseEndpoints ({ flags, shell }: Invocation): { path: string, url: string } {
  const path = /^file:(.+)/s.exec(flags.from!)?.[1]
  if (path === undefined) throw new WrongUsage('--from takes file: and a path.')
  const url = flags.to ?? shell.settings().postgresUrl ?? ''
  if (!/^postgres(ql)?:\/\//.test(url)) throw new WrongUsage('Pass --to with a postgres:// address, or set DATABASE_URL to it.')
  return { path: resolve(packageRoot, path), url }
}

const UNIQUE_VIOLATION = '23505'

/** A user of one email under two ids has signed up in both. */
function explain (error: Error & { cause?: { cause?: { code?: string } } }): never {
  if (error instanceof UsersUnavailable && error.cause?.cause?.code === UNIQUE_VIOLATION) {
    throw new Failed('An email of the source belongs to another account already where it is to go. What was copied until then stays.')
  }
  throw error
}
