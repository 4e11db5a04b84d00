import { Cluster } from 'ioredis'
import type { RedisClient } from './redis-client.ts'
import type { StoreLog } from './store-options.ts'

const SAFE = 'noeviction'

/** Warns when Redis removes sessions to make room, which logs people out: every policy but `noeviction` does once `maxmemory` is reached. */
export async function checkEvictionPolicy (client: RedisClient, log: StoreLog): Promise<void> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const answers = await Promise.all(servers.map(server => server.info('memory')))
  const policies = answers.map(answer => /^maxmemory_policy:(\S+)/m.exec(answer)?.[1] ?? SAFE)
  const unsafe = policies.find(policy => policy !== SAFE)
  if (unsafe !== undefined) log.warn({ policy: unsafe }, 'Redis logs people out when its memory is full: set maxmemory-policy to noeviction')
}
