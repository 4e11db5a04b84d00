import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { end, type RedisServer, startProcess, startRedisServer } from './redis-server.ts'
import type { Teardown } from './teardown.ts'
import { until } from './until.ts'

const MASTER = 'latchkey'
const QUORUM = 2
const ANSWER_MS = 5_000
/** A process that waits for its turn on a busy machine is not dead yet. */
const DOWN_AFTER_MS = 1_000
/** Sentinels that had no processor for two seconds trust nothing they see for half a minute (TILT). */
const LONGEST_FAILOVER_MS = 90_000

interface SentinelOptions {
  /** How long a server has to be silent before a sentinel calls it dead. */
  downAfterMs?: number
}

export interface RedisWithSentinels {
  url: string
  master: RedisServer
  replica: RedisServer
  /** Resolves when the sentinels say that the replica is the master. */
  failedOver: () => Promise<void>
  /** The port of the one that is the master now: on a busy machine sentinels may move it unasked. */
  masterPort: () => Promise<number>
  /** What is the master then dies or freezes. Resolves when the sentinels agree on the other. */
  lose: (how: Loss) => Promise<void>
  /** What was lost is back, as the replica of the other, and could take over again. */
  bringBack: () => Promise<void>
}

export type Loss = 'killed' | 'frozen'
type Pair = [RedisServer, RedisServer]

/** A master, its replica, and three sentinels that look after them. Gone at the end of the test. */
export async function startRedisWithSentinels (t: Teardown, { downAfterMs = DOWN_AFTER_MS }: SentinelOptions = {}): Promise<RedisWithSentinels> {
  const master = await startRedisServer(t, '--repl-diskless-sync-delay', '0')
  const replica = await startRedisServer(t, '--replicaof', '127.0.0.1', String(master.port))
  await untilLinked(replica)
  const sentinels = await Promise.all([0, 1, 2].map(() => startSentinel(t, master, downAfterMs)))
  await untilSettled(sentinels, [master, replica])
  return {
    url: `redis+sentinel://${sentinels.map(port => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    master,
    replica,
    failedOver: () => untilMaster(sentinels, replica),
    masterPort: async () => Number((await masterOf(sentinels[0]!))?.port),
    ...roundabout(sentinels, [master, replica])
  }
}

/** The two of them lose and find each other again, as often as it takes. */
function roundabout (sentinels: number[], pair: Pair): Pick<RedisWithSentinels, 'lose' | 'bringBack'> {
  let [lost, how]: [RedisServer, Loss] = [pair[0], 'killed']
  return {
    async lose (loss) {
      [lost, how] = [await untilSettled(sentinels, pair), loss]
      if (how === 'killed') await lost.kill()
      else lost.freeze()
      await untilMaster(sentinels, otherOf(pair, lost))
    },
    async bringBack () {
      const { port } = otherOf(pair, lost)
      if (how === 'killed') await lost.start('--replicaof', '127.0.0.1', String(port))
      else {
        // For a moment it believes itself the master still, and answers as one.
        lost.thaw()
        await asking(lost.port, client => client.replicaof('127.0.0.1', port))
      }
      await untilPaired(sentinels, pair)
      await untilSettled(sentinels, pair)
    }
  }
}

function otherOf ([first, second]: Pair, server: RedisServer): RedisServer {
  return server === first ? second : first
}

async function untilMaster (sentinels: number[], { port }: RedisServer): Promise<void> {
  const holds = async () => (await Promise.all(sentinels.map(masterOf))).every(known => known?.port === String(port))
  await until(`the sentinels to call ${port} the master`, holds, { longestMs: LONGEST_FAILOVER_MS })
}

/** Each sentinel knows the others, and both servers as they are. */
async function untilSettled (sentinels: number[], pair: Pair): Promise<RedisServer> {
  let master: RedisServer | undefined
  await until(`the sentinels to agree on ${pair[0].port} and ${pair[1].port}`, async () => {
    const [first, ...others] = await Promise.all(sentinels.map(masterOf))
    master = pair.find(({ port }) => first?.port === String(port))
    const agree = [first, ...others].every(known => known?.port === first?.port && known?.flags === 'master' && known['num-other-sentinels'] === '2')
    return agree && master !== undefined && await isReplicaForAll(sentinels, otherOf(pair, master))
  }, { longestMs: LONGEST_FAILOVER_MS })
  return master!
}

async function isReplicaForAll (sentinels: number[], { port }: RedisServer): Promise<boolean> {
  const known = await Promise.all(sentinels.map(sentinel => ask(sentinel, 'REPLICAS', MASTER)))
  return known.every(replicas => replicas.some(replica => replica.port === String(port) && replica.flags === 'slave'))
}

/** On a busy machine the sentinels may have moved the master meanwhile: whichever it is, the other becomes its replica. */
async function untilPaired (sentinels: number[], pair: Pair): Promise<void> {
  await until(`one of ${pair[0].port} and ${pair[1].port} to be the replica of the other`, async () => {
    const known = await masterOf(sentinels[0]!)
    const master = pair.find(({ port }) => known?.port === String(port))
    if (master === undefined) return { known }
    const { port } = otherOf(pair, master)
    const [ofMaster, ofReplica] = [await replicationOf(master.port), await replicationOf(port)]
    if (!ofMaster.includes('role:master')) return { ofMaster }
    if (!ofReplica.includes(`master_port:${master.port}`)) await asking(port, client => client.replicaof('127.0.0.1', master.port))
    return ofReplica.includes('master_link_status:up') || { ofReplica }
  }, { longestMs: LONGEST_FAILOVER_MS })
}

function replicationOf (port: number): Promise<string> {
  return asking(port, client => client.info('replication'))
}

async function untilLinked ({ port }: RedisServer): Promise<void> {
  const isLinked = async () => (await replicationOf(port)).includes('master_link_status:up')
  await until(`${port} to be linked to its master`, isLinked)
}

async function startSentinel (t: Teardown, master: RedisServer, downAfterMs: number): Promise<number> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  // Sentinels write down in this file what they learn.
  await writeFile(file, [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER} ${downAfterMs}`,
    `sentinel failover-timeout ${MASTER} 2000`
  ].join('\n'))
  const sentinel = await startProcess([file, '--sentinel'], '+monitor master')
  t.teardown(async () => {
    await end(sentinel, 'SIGKILL')
    await rm(folder, { recursive: true })
  })
  return port
}

type Known = Record<string, string>

async function masterOf (sentinel: number): Promise<Known | undefined> {
  return (await ask(sentinel, 'MASTERS'))[0]
}

async function ask (sentinel: number, ...question: string[]): Promise<Known[]> {
  const answer = await asking(sentinel, client => client.call('SENTINEL', ...question))
  return (answer as string[][]).map(flat => Object.fromEntries(flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1]!]] : [])))
}

/** On a connection of its own, which a server that freezes takes along. */
export async function asking<T> (port: number, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(port, '127.0.0.1', { commandTimeout: ANSWER_MS })
  client.on('error', () => {})
  return await work(client).finally(() => client.disconnect())
}

export function clientOf (t: Teardown, port: number): Redis {
  const client = new Redis(port, '127.0.0.1')
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return client
}
