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
  /** Resolves when the sentinels say that the replica is the master. */
  failedOver: () => Promise<void>
  /** What is the master dies or freezes. @returns the new one, when the sentinels agree on it */
  lose: (how: Loss) => Promise<RedisServer>
  /** What was lost is back, as the replica of the other, and could take over again. */
  bringBack: () => Promise<void>
}

export type Loss = 'killed' | 'frozen'

/** A master, its replica, and three sentinels that look after them. Gone at the end of the test. */
export async function startRedisWithSentinels (t: Teardown): Promise<RedisWithSentinels> {
  const master = await startRedisServer(t, '--repl-diskless-sync-delay', '0')
  const replica = await startRedisServer(t, '--replicaof', '127.0.0.1', String(master.port))
  await untilLinked(t, replica)
  const sentinels = await Promise.all([0, 1, 2].map(() => startSentinel(t, master)))
  await untilAgreed(t, sentinels, master, replica)
  return {
    url: `redis+sentinel://${sentinels.map(port => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    master,
    replica,
    failedOver: () => untilMaster(t, sentinels, replica),
    ...roundabout(t, sentinels, [master, replica])
  }
}

/** The two of them lose and find each other again, as often as it takes. */
function roundabout (t: Teardown, sentinels: number[], [first, second]: [RedisServer, RedisServer]): Pick<RedisWithSentinels, 'lose' | 'bringBack'> {
  let [master, other, loss]: [RedisServer, RedisServer, Loss] = [first, second, 'killed']
  return {
    async lose (how) {
      if (how === 'killed') await master.kill()
      else master.freeze()
      await untilMaster(t, sentinels, other)
      ;[master, other, loss] = [other, master, how]
      return master
    },
    async bringBack () {
      const role = ['--replicaof', '127.0.0.1', String(master.port)]
      if (loss === 'killed') await other.start(...role)
      else {
        // For a moment it believes itself the master still, and answers as one.
        other.thaw()
        await clientOf(t, other.port).replicaof('127.0.0.1', master.port)
      }
      await untilLinked(t, other)
      await untilAgreed(t, sentinels, master, other)
    }
  }
}

async function untilMaster (t: Teardown, sentinels: number[], { port }: RedisServer): Promise<void> {
  await Promise.all(sentinels.map(sentinel => until(t, sentinel, ['MASTERS'], ([master]) => master?.port === String(port))))
}

/** Each sentinel knows the others, and both servers as they are. */
async function untilAgreed (t: Teardown, sentinels: number[], master: RedisServer, replica: RedisServer): Promise<void> {
  await Promise.all(sentinels.flatMap(sentinel => [
    until(t, sentinel, ['MASTERS'], ([known]) => known?.['num-other-sentinels'] === '2' && known.port === String(master.port) && known.flags === 'master'),
    until(t, sentinel, ['REPLICAS', MASTER], known => known.some(({ port, flags }) => port === String(replica.port) && flags === 'slave'))
  ]))
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
    `sentinel failover-timeout ${MASTER} 2000`
  ].join('\n'))
  const sentinel = await startProcess([file, '--sentinel'], '+monitor master')
  t.teardown(async () => {
    await end(sentinel, 'SIGKILL')
    await rm(folder, { recursive: true })
  })
  return port
}

type Known = Array<Record<string, string>>

async function until (t: Teardown, port: number, question: string[], holds: (known: Known) => boolean): Promise<void> {
  const client = clientOf(t, port)
  while (!holds(recordsIn(await client.call('SENTINEL', ...question) as string[][]))) await after(50)
  client.disconnect()
}

function recordsIn (answer: string[][]): Known {
  return answer.map(flat => Object.fromEntries(flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1]!]] : [])))
}

export function clientOf (t: Teardown, port: number): Redis {
  const client = new Redis(port, '127.0.0.1')
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return client
}
