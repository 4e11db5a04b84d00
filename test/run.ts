import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../src/config/package-root.ts'
import { newPostgresTemplate, startPostgresServer } from './postgres-server.ts'
import { startRedisServer } from './redis-server.ts'
import { runToItsEnd } from './run-to-its-end.ts'
import type { Teardown } from './teardown.ts'

/*
 * `tsx test/run.ts quick|slow`, then arguments for tap: runs a suite, or the files that are named, beside one Redis and
 * one PostgreSQL. A test file that does nothing to a server but use it gets a database of its own there (newRedisDatabase,
 * newPostgresDatabase). A file that is run by tap alone starts its own.
 *
 * The whole quick suite runs in a few processes, each of which goes through several files one after the other: to start
 * one and load the service takes longer than most files.
 */

const LONGEST_MS = 60 * 60_000
const GROUPS = 8
/** In seconds, on a busy machine: of a group of quick files, or of one slow file. */
const TIMEOUT = '--timeout=900'

const [suite = 'quick', ...args] = process.argv.slice(2)
const isWhole = args.every(arg => arg.startsWith('-'))

await runToItsEnd(LONGEST_MS, async run => {
  const [redis, postgres] = await Promise.all([
    startRedisServer(run, '--databases', '1000'),
    startPostgresServer(run, '-c', 'max_connections=300')
  ])
  const servers = { TEST_REDIS_URL: redis.url, TEST_POSTGRES_TEMPLATE: await newPostgresTemplate(postgres) }
  process.exitCode = await runTap(run, servers)
  if (isWhole) keepCoverage()
})

async function runTap (run: Teardown, servers: Record<string, string>): Promise<number> {
  const tap = spawn('tap', [...args, ...isWhole ? [TIMEOUT, ...filesOf(suite)] : []], { stdio: 'inherit', env: { ...process.env, ...servers }, detached: true })
  const ended = once(tap, 'exit')
  run.teardown(() => endGroup(tap.pid!))
  const [code] = await ended
  return code ?? 1
}

// Slow files start services and proxies, and some of them promise a time: two of them keep two cores busy.
function filesOf (suite: string): string[] {
  return suite === 'slow' ? ['--jobs=2', 'test/slow/**/*.test.ts'] : quickGroups()
}

/** Dealt out like cards, so that what is long in one folder is spread. */
function quickGroups (): string[] {
  const folder = join(packageRoot, '.tap/quick')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = readdirSync(join(packageRoot, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.test.ts') && !path.startsWith('slow/')).toSorted()
  return Array.from({ length: GROUPS }, (_, group) => {
    const path = join(folder, `${group + 1}.test.ts`)
    writeFileSync(path, files.filter((_file, at) => at % GROUPS === group).map(importOf).join(''))
    return path
  })
}

/** Awaited: a file begins when the one before it has been read. */
function importOf (file: string): string {
  return `await import(${JSON.stringify(pathToFileURL(join(packageRoot, 'test', file)).href)})\n`
}

/** Tap, told to stop, would still go through all files: it is ended together with what it and they have started. */
function endGroup (pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

/** For `npm run coverage`, as the next run of tap begins by removing it. */
function keepCoverage (): void {
  const [recorded, kept] = [join(packageRoot, '.tap/coverage'), join(packageRoot, `.tap/coverage-of-${suite}`)]
  rmSync(kept, { recursive: true, force: true })
  if (existsSync(recorded)) renameSync(recorded, kept)
}
