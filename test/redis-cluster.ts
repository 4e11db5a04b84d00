import { setTimeout as after } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'

const SLOTS = 16_384

type RedisNode = RedisServer & { client: Redis }

export interface RedisCluster {
  url: string
  /** The masters. */
  nodes: RedisNode[]
  /** Adds a replica of a master, which takes over when that dies. */
  addReplica (of: RedisNode): Promise<RedisNode>
}

/** A Redis Cluster of three masters, gone at the end of the test. */
export async function startRedisCluster (t: Test): Promise<RedisCluster> {
  const nodes = await Promise.all([0, 1, 2].map(() => startNode(t)))
  const share = Math.ceil(SLOTS / nodes.length)
  await Promise.all(nodes.map(({ client }, at) => client.cluster('ADDSLOTSRANGE', at * share, Math.min((at + 1) * share, SLOTS) - 1)))
  // Nodes that begin at the same epoch would first have to settle who is right.
  await Promise.all(nodes.map(({ client }, at) => client.cluster('SET-CONFIG-EPOCH', at + 1)))
  for (const { port, busPort } of nodes.slice(1)) await nodes[0]!.client.cluster('MEET', '127.0.0.1', port, busPort)
  await Promise.all(nodes.map(({ client }) => untilWhole(client, nodes.length)))
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    async addReplica (master) {
      const replica = await startNode(t)
      await replica.client.cluster('MEET', '127.0.0.1', nodes[0]!.port, nodes[0]!.busPort)
      await Promise.all([...nodes, replica].map(({ client }) => untilWhole(client, nodes.length + 1)))
      await replica.client.cluster('REPLICATE', String(await master.client.cluster('MYID')))
      while (!(await replica.client.info('replication')).includes('master_link_status:up')) await after(50)
      return replica
    }
  }
}

async function startNode (t: Test) {
  // By itself a node would take its port and 10,000, which there may not be.
  const busPort = await freePort()
  const server = await startRedisServer(t, '--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '1000')
  const client = new Redis(server.port, '127.0.0.1')
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return { ...server, client, busPort }
}

async function untilWhole (client: Redis, count: number): Promise<void> {
  while (!isWhole(String(await client.cluster('INFO')), count)) await after(50)
}

function isWhole (info: string, count: number): boolean {
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`)
}
