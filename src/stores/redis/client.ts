import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from '../../config/redis-address.ts'

export type RedisClient = Redis | Cluster

/** Of one command, and of each step of connecting. */
const TIMEOUT_MS = 800
/** A server that froze never closes its side. */
const DISCONNECT_TIMEOUT_MS = 200
const LOADING_CHECK_MS = 500
const WRONG_SERVER_MS = 3_000

/** Milliseconds until the next attempt. */
export const retryDelay = (attempt: number) => Math.min(attempt * 100, 500) + Math.random() * 100

/** Every command settles within a second, also when Redis is down, silent or frozen. */
export const connection = {
  connectTimeout: TIMEOUT_MS,
  commandTimeout: TIMEOUT_MS,
  // Commands wait behind one another on a frozen connection. This one gives it up, and all of them with it.
  socketTimeout: TIMEOUT_MS,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  maxLoadingRetryTime: LOADING_CHECK_MS,
  // Nothing that has failed is sent again after an outage.
  maxRetriesPerRequest: 0
} satisfies RedisOptions

const oneServer = {
  ...connection,
  lazyConnect: true,
  enableAutoPipelining: true,
  // Nothing piles up during an outage.
  enableOfflineQueue: false,
  retryStrategy: retryDelay
} satisfies RedisOptions

const cluster = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // ioredis follows a slot that moved only for a command on its own: those of one pipeline fail together, and the map of slots stays as it was.
  enableAutoPipelining: false,
  clusterRetryStrategy: retryDelay,
  slotsRefreshTimeout: TIMEOUT_MS,
  // Enough to follow a slot that moves, too few to wait out an outage.
  maxRedirections: 5,
  // Else a write whose answer was lost with its connection would be sent again.
  retryDelayOnFailover: 0
} satisfies ClusterOptions

/** A client that is not connected yet. */
export function redisClient (address: RedisAddress): RedisClient {
  if (address.kind === 'server') return new Redis(address.url, { ...oneServer, reconnectOnError: isWrongServer(WRONG_SERVER_MS) })
  const { kind, nodes, master, ...access } = address
  if (kind === 'cluster') return new Cluster(nodes, { ...cluster, redisOptions: { ...connection, ...access } })
  return new Redis({ ...oneServer, ...access, ...sentinelOptions(access.tls), name: master, sentinels: nodes, reconnectOnError: isWrongServer(0) })
}

function sentinelOptions (tls: object | undefined): RedisOptions {
  return {
    sentinelRetryStrategy: retryDelay,
    sentinelCommandTimeout: TIMEOUT_MS,
    sentinelTLS: tls,
    enableTLSForSentinelMode: tls !== undefined
  }
}

/**
 * A server that became a replica refuses writes, and reads too while it cannot reach its master. A new connection may find the right one.
 * @param patience milliseconds of refusals before that: where the address leads to one server only, reading goes on there
 */
function isWrongServer (patience: number): (error: Error) => boolean {
  let since = Infinity
  return ({ message }) => {
    if (!/^(READONLY|MASTERDOWN)/.test(message)) return false
    const now = performance.now()
    since = Math.min(since, now)
    if (now - since < patience) return false
    since = Infinity
    return true
  }
}

/** The servers that hold the keys: the one there is, or the masters of a Cluster. */
export function mastersOf (client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client]
}
