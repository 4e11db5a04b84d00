import type { StoreLog } from '../../observability/store-log.ts'
import { mastersOf, type RedisClient } from './client.ts'

const UNSAFE_POLICY = /^maxmemory_policy:(?!noeviction)(\S+)/m

/** Warns when Redis removes sessions to make room, which logs people out: every policy but `noeviction` does once `maxmemory` is reached. */
export async function checkEvictionPolicy (client: RedisClient, log: StoreLog): Promise<void> {
  const answers = await Promise.all(mastersOf(client).map(server => server.info('memory')))
  const policy = answers.map(answer => UNSAFE_POLICY.exec(answer)?.[1]).find(Boolean)
  if (policy !== undefined) log.warn({ policy }, 'Redis logs people out when its memory is full: set maxmemory-policy to noeviction')
}
