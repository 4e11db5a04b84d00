import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client, type QueryResult } from 'pg'
import { migratePostgres } from '../src/stores/postgres/migrate.ts'
import { freePort } from './free-port.ts'
import { find } from './provision.js'
import type { Teardown } from './teardown.ts'

export interface PostgresServer {
  port: number
  folder: string
  /** The address of a new database, with nothing in it. */
  newDatabase: () => string
  /** Takes all rows out of a database, which is a lot faster than a new one. */
  empty: (url: string) => Promise<void>
  /** Asks a database from outside the service. */
  query: (url: string, query: string, values?: unknown[]) => Promise<QueryResult>
  /** Starts it again on the same port, with what was in it. */
  start: () => Promise<void>
  /** Closes every connection, then ends. */
  stop: () => Promise<void>
  /** Without a word to anybody. */
  kill: () => Promise<void>
  /** Keeps its connections open and answers nothing. */
  freeze: () => Promise<void>
  thaw: () => void
}

const ROOT = 0
// PostgreSQL refuses to run as root.
const NOBODY = 65_534
const asNobody: SpawnOptions = process.getuid?.() === ROOT ? { uid: NOBODY, gid: NOBODY } : {}

/** The address of a database with empty tables, on the server that the whole run shares when there is one. For who only uses it. */
export async function newPostgresDatabase (t: Teardown): Promise<string> {
  const template = process.env.TEST_POSTGRES_TEMPLATE ?? await newPostgresTemplate(await startPostgresServer(t))
  const name = newName()
  await queryPostgres(new URL('postgres', template).href, `create database ${name} template ${new URL(template).pathname.slice(1)}`)
  return new URL(name, template).href
}

/** The address of a database with empty tables, to make others from. */
export async function newPostgresTemplate (server: PostgresServer): Promise<string> {
  const template = server.newDatabase()
  await migratePostgres(template)
  return template
}

/** A PostgreSQL of its own, gone at the end of the test. Where there is none installed, the test fails. */
export async function startPostgresServer (t: Teardown, ...args: string[]): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-postgres-'))
  t.teardown(() => rm(folder, { recursive: true }))
  if (asNobody.uid !== undefined) await chown(folder, NOBODY, NOBODY)
  const port = await freePort()
  await initialize(join(folder, 'data'))
  const line = ['-D', join(folder, 'data'), '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'autovacuum=off', ...args]
  let server = await startProcess(line)
  let frozen: number[] = []
  const thaw = () => frozen.splice(0).forEach(pid => signal(pid, 'SIGCONT'))
  t.teardown(() => {
    thaw()
    return end(server, 'SIGQUIT')
  })

  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
  return {
    port,
    folder,
    newDatabase () {
      const name = newName()
      execFileSync(program('createdb'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', name])
      return urlOf(name)
    },
    empty: emptyPostgres,
    query: queryPostgres,
    start: async () => { server = await startProcess(line) },
    stop: () => end(server, 'SIGINT'),
    kill: () => end(server, 'SIGQUIT'),
    freeze: async () => { frozen = await freeze(server, urlOf('postgres')) },
    thaw
  }
}

function newName (): string {
  return `latchkey_${randomBytes(6).toString('hex')}`
}

/** They lie together. */
function program (name: string): string {
  return join(dirname(find('initdb')), name)
}

const deleteFromAll = `
  do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = 'public' loop execute format('delete from %I', name); end loop;
  end $$`

/** Takes all rows out of a database, which is a lot faster than a new one. */
export async function emptyPostgres (url: string): Promise<void> {
  await queryPostgres(url, deleteFromAll)
}

/** Asks a database from outside the service. */
export async function queryPostgres (url: string, text: string, values: unknown[] = []): Promise<QueryResult> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return await client.query(text, values).finally(() => client.end())
}

async function initialize (data: string): Promise<void> {
  const args = ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  const initdb = spawn(program('initdb'), args, { ...asNobody, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(initdb, 'exit')
  if (code !== 0) throw new Error('initdb failed')
}

async function startProcess (args: string[]): Promise<ChildProcess> {
  const server = spawn(program('postgres'), args, { ...asNobody, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  // A test run that is broken off does not come to its teardowns.
  const kill = () => { server.kill('SIGQUIT') }
  process.once('exit', kill)
  server.once('exit', () => process.off('exit', kill))
  let log = ''
  for await (const line of createInterface({ input: server.stderr! })) {
    log += `${line}\n`
    if (line.includes('ready to accept connections')) return drained(server)
  }
  throw new Error(`postgres did not start:\n${log}`)
}

/** Reads on, as a server whose log nobody reads would stop one day. */
function drained (server: ChildProcess): ChildProcess {
  server.stderr!.resume()
  return server
}

/** The first process and all that it has started; they are no group, so each is told. @returns their ids */
async function freeze (server: ChildProcess, url: string): Promise<number[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  // From now on no more are started.
  server.kill('SIGSTOP')
  const { rows } = await client.query('select pid from pg_stat_activity where pid <> pg_backend_pid()')
  await client.end()
  const pids: number[] = rows.map(({ pid }) => pid)
  pids.forEach(pid => signal(pid, 'SIGSTOP'))
  return [server.pid!, ...pids]
}

/** Those that have ended meanwhile need none. */
function signal (pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch {}
}

async function end (server: ChildProcess, name: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill(name)
  await once(server, 'exit')
}
