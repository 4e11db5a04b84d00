import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { end, type RedisServer, startProcess, startRedisServer } from './redis-server.ts'
import type { Teardown } from './teardown.ts'

const MASTER = 'latchkey'
const QUORUM = 2

export interface RedisWithSentinels {
  url: string
  master: RedisServer
  replica: RedisServer
  /** Resolves when the sentinels say that another server is the master. */
  failedOver: () => Promise<void>
}

/** A master, its replica, and three sentinels that look after them. Gone at the end of the test. */
export async function startRedisWithSentinels (t: Teardown): Promise<RedisWithSentinels> {
  const master = await startRedisServer(t, '--repl-diskless-sync-delay', '0')
  const replica = await startRedisServer(t, '--replicaof', '127.0.0.1', String(master.port))
  await untilLinked(t, replica)
  const ports = await Promise.all([0, 1, 2].map(() => startSentinel(t, master)))
  await Promise.all(ports.map(port => until(t, port, ([{ 'num-other-sentinels': others, 'num-slaves': replicas }]) => others === '2' && replicas === '1')))
  return {
    url: `redis+sentinel://${ports.map(port => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    master,
    replica,
    failedOver: async () => { await Promise.all(ports.map(port => until(t, port, ([{ port: at }]) => at === String(replica.port)))) }
  }
}

async function untilLinked (t: Teardown, { port }: RedisServer): Promise<void> {
  const client = clientOf(t, port)
  while (!(await client.info('replication')).includes('master_link_status:up')) await after(50)
}

async function startSentinel (t: Teardown, master: RedisServer): Promise<number> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  // Sentinels write down in this file what they learn.
  await writeFile(file, [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER} 500`,
    `sentinel failover-timeout ${MASTER} 3000`
  ].join('\n'))
  const sentinel = await startProcess([file, '--sentinel'], '+monitor master')
  t.teardown(async () => {
    await end(sentinel, 'SIGKILL')
    await rm(folder, { recursive: true })
  })
  return port
}

type Masters = [Record<string, string>]

async function until (t: Teardown, port: number, holds: (masters: Masters) => boolean): Promise<void> {
  const client = clientOf(t, port)
  while (!holds(mastersIn(await client.call('SENTINEL', 'MASTERS') as string[][]))) await after(50)
}

function mastersIn (answer: string[][]): Masters {
  return answer.map(flat => Object.fromEntries(flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1]]] : []))) as Masters
}

export function clientOf (t: Teardown, port: number): Redis {
  const client = new Redis(port, '127.0.0.1')
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return client
}
