import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../src/package-root.ts'
import { newPostgresTemplate, startPostgresServer } from './postgres-server.ts'
import { startRedisServer } from './redis-server.ts'
import { runToItsEnd } from './run-to-its-end.ts'
import type { Teardown } from './teardown.ts'

/*
 * `tsx test/run.ts quick|slow`, then arguments for tap: runs a suite, or the files that are named, beside one Redis and
 * one PostgreSQL. A test file that does nothing to a server but use it gets a database of its own there (newRedisDatabase,
 * newPostgresDatabase). A file that is run by tap alone starts its own.
 */

const LONGEST_MS = 60 * 60_000
/** What tap runs by itself is in package.json. A slow file may take as many seconds on a busy machine. */
const files: Record<string, string[]> = { quick: [], slow: ['--timeout=900', 'test/slow/**/*.test.ts'] }

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
  const tap = spawn('tap', [...args, ...isWhole ? files[suite]! : []], { stdio: 'inherit', env: { ...process.env, ...servers }, detached: true })
  const ended = once(tap, 'exit')
  run.teardown(() => endGroup(tap.pid!))
  const [code] = await ended
  return code ?? 1
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
