import { Redis } from 'ioredis'
import type { StoreLog } from '../../observability/store-log.ts'
import { withTimeout } from '../../async/with-timeout.ts'
import { checkEvictionPolicy } from './eviction-policy.ts'
import { keepConnected } from './keep-connected.ts'
import { redisAddress } from '../../config/redis-address.ts'
import { redisClient, type RedisClient } from './client.ts'
import { watchSentinels } from './watch-sentinels.ts'

export type { RedisClient } from './client.ts'

export interface RedisConnection {
  /** The same object for as long as the connection is open, through every outage and failover. */
  client: RedisClient
  /** Each by name, with a PING that rejects when it is not answered. */
  connections: Record<string, () => Promise<unknown>>
  /** Waits for the commands under way, then lets go of everything, so that the process can end. */
  close (): Promise<void>
}

interface Settings {
  /** As REDIS_URL is given. */
  url: string
  log: StoreLog
}

const START_TIMEOUT_MS = 3_000

/**
 * A client whose every command settles within a second, and that reconnects by itself until it is closed.
 * Resolves once Redis has answered or has failed to, so that the service starts without it.
 */
export async function openRedis ({ url, log }: Settings): Promise<RedisConnection> {
  const address = redisAddress(url)!
  const client = redisClient(address)
  const unlog = logOutages(client, log)
  const { reconnect, stop } = keepConnected(client)
  const onSwitch = (host: string, port: number) => { if (!isAt(client, host, port)) reconnect() }
  const sentinels = address.kind === 'sentinel' ? watchSentinels(address, onSwitch) : null
  const check = () => checkEvictionPolicy(client, log)
  // Without a limit it would look for a sentinel until it has found one. A Cluster connects to a node for its first command, and refuses others meanwhile.
  await withTimeout(START_TIMEOUT_MS, client.connect().then(check)).catch(ignore)
  client.on('ready', () => { check().catch(ignore) })
  return {
    client,
    connections: { redis: () => client.ping(), ...sentinels?.connections },
    async close () {
      stop()
      sentinels?.close()
      unlog()
      await client.quit().catch(ignore)
      // QUIT is refused during an outage, and leaves alone what is still connecting.
      client.disconnect()
    }
  }
}

/** Every sentinel announces a failover. The first one heard moves the client, the others find it there. */
function isAt (client: RedisClient, host: string, port: number): boolean {
  return client instanceof Redis && client.status === 'ready' && client.stream.remoteAddress === host && client.stream.remotePort === port
}

/** Once for each change, as a busy service would otherwise log each request of an outage. */
function logOutages (client: RedisClient, log: StoreLog): () => void {
  let answers = true
  const lost = (reason: string) => {
    if (answers) log.warn({ reason }, 'Redis does not answer')
    answers = false
  }
  const closed = () => lost('disconnected')
  client.on('error', error => lost(reasonOf(error)))
  client.on('close', closed)
  client.on('ready', () => {
    if (!answers) log.info({}, 'Redis answers again')
    answers = true
  })
  return () => { client.off('close', closed) }
}

/** A word such as ECONNREFUSED or WRONGPASS, or ioredis' own sentence. The whole error of a failed AUTH holds the password. */
function reasonOf ({ code, message }: Error & { code?: string }): string {
  return code ?? /^[A-Z]{2,}/.exec(message)?.[0] ?? (/time/i.test(message) ? 'timeout' : message.split('.')[0]!)
}

function ignore (): void {}
