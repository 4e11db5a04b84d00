import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { find } from './provision.js'
import type { Teardown } from './teardown.ts'
import { inTime } from './until.ts'

export interface RedisServer {
  port: number
  url: string
  /** Starts it again on the same port, empty. @param more arguments of this start */
  start: (...more: string[]) => Promise<void>
  stop: () => Promise<void>
  kill: () => Promise<void>
  /** Keeps its connections open and answers nothing. */
  freeze: () => void
  thaw: () => void
}

/** The address of an empty database, on the server that the whole run shares when there is one. For who only uses it. */
export async function newRedisDatabase (t: Teardown): Promise<string> {
  const shared = process.env.TEST_REDIS_URL
  if (shared === undefined) return (await startRedisServer(t)).url
  const redis = new Redis(shared)
  const number = await redis.incr('databases')
  redis.disconnect()
  return `${shared}/${number}`
}

/** A redis-server of its own, gone at the end of the test. Where there is none installed, the test fails. */
export async function startRedisServer (t: Teardown, ...args: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-redis-'))
  const port = await freePort()
  const line = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...args]
  let server = await startProcess(line)
  const stop = () => end(server, 'SIGTERM')

  t.teardown(async () => {
    await end(server, 'SIGKILL')
    await rm(folder, { recursive: true })
  })
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: async (...more) => { server = await startProcess([...line, ...more]) },
    stop,
    kill: () => end(server, 'SIGKILL'),
    freeze: () => { server.kill('SIGSTOP') },
    thaw: () => { server.kill('SIGCONT') }
  }
}

/** @param ready what it prints when it is */
export async function startProcess (args: string[], ready = 'Ready to accept connections'): Promise<ChildProcess> {
  const server = spawn(find('redis-server'), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  // A test run that is broken off does not come to its teardowns.
  const kill = () => { server.kill('SIGKILL') }
  process.once('exit', kill)
  server.once('exit', () => process.off('exit', kill))
  await once(server, 'spawn')
  return await inTime(`redis-server to say "${ready}"`, untilReady(server, ready))
}

async function untilReady (server: ChildProcess, ready: string): Promise<ChildProcess> {
  const said: string[] = []
  for await (const line of createInterface({ input: server.stdout! })) {
    if (line.includes(ready)) return drained(server)
    said.push(line)
  }
  throw new Error(`redis-server did not start: ${said.join('\n')}`)
}

/** Reads on, as a server whose log nobody reads would stop one day. */
function drained (server: ChildProcess): ChildProcess {
  server.stdout?.resume()
  return server
}

export async function end (server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill(signal)
  await once(server, 'exit')
}
