import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import { within } from '../within.ts'
import { redisAddress, type RedisAddress } from './redis-address.ts'
import type { StoreLog } from './store-options.ts'

export type RedisClient = Redis | Cluster

interface Settings {
  /** As REDIS_URL is given. */
  url: string
  log: StoreLog
}

const TIMEOUT_MS = 800
const START_TIMEOUT_MS = 3_000
const READ_ONLY_MS = 3_000

const comeBack = (attempt: number) => Math.min(attempt * 100, 500) + Math.random() * 100

/** Every command settles within a second, also when Redis is down, silent or frozen. */
const connection = {
  connectTimeout: TIMEOUT_MS,
  commandTimeout: TIMEOUT_MS,
  // Commands wait behind one another on a frozen connection. This one gives it up, and all of them with it.
  socketTimeout: TIMEOUT_MS,
  // Nothing that has failed is sent again after an outage.
  maxRetriesPerRequest: 0
} satisfies RedisOptions

const client = {
  lazyConnect: true,
  enableAutoPipelining: true,
  // Nothing piles up during an outage.
  enableOfflineQueue: false
}

const ofOne = { ...client, ...connection, retryStrategy: comeBack } satisfies RedisOptions

const ofCluster = {
  ...client,
  clusterRetryStrategy: comeBack,
  slotsRefreshTimeout: TIMEOUT_MS,
  // Enough to follow a slot that moves, too few to wait out an outage.
  maxRedirections: 5,
  // Else a write whose answer was lost with its connection would be sent again.
  retryDelayOnFailover: 0
} satisfies ClusterOptions

/**
 * A client whose every command settles within a second, and that comes back by itself.
 * Resolves once Redis has answered or has failed to, so that the service starts without it.
 */
export async function openRedis ({ url, log }: Settings): Promise<RedisClient> {
  const redis = clientFor(redisAddress(url)!)
  logOutages(redis, log)
  // With sentinels it would look for one until it has found one.
  await within(START_TIMEOUT_MS, redis.connect()).catch(() => { /* logged, and tried again in the background */ })
  return redis
}

function clientFor (address: RedisAddress): RedisClient {
  if (address.kind === 'server') return new Redis(address.url, { ...ofOne, reconnectOnError: staysReadOnly() })
  const { kind, nodes, master, ...access } = address
  if (kind === 'cluster') return new Cluster(nodes, { ...ofCluster, redisOptions: { ...connection, ...access } })
  return new Redis({ ...ofOne, ...access, ...sentinelOptions(address), name: master, sentinels: nodes })
}

/**
 * A master that became a replica refuses writes as long as it is asked; whoever connects anew finds the new one. Not at
 * each refusal, as it may be the only one there is, and reading goes on.
 */
function staysReadOnly (): (error: Error) => boolean {
  let since = Infinity
  return ({ message }) => {
    if (!message.startsWith('READONLY')) return false
    const now = performance.now()
    since = Math.min(since, now)
    if (now - since < READ_ONLY_MS) return false
    since = Infinity
    return true
  }
}

function sentinelOptions ({ tls }: { tls?: object }): RedisOptions {
  return {
    sentinelRetryStrategy: comeBack,
    sentinelCommandTimeout: TIMEOUT_MS,
    // Told of a failover by the sentinels, it leaves the old master before that says a word.
    failoverDetector: true,
    sentinelTLS: tls,
    enableTLSForSentinelMode: tls !== undefined
  }
}

/** Once for each change, as a busy service would otherwise log each request of an outage. */
function logOutages (redis: RedisClient, log: StoreLog): void {
  let answers = true
  const lost = (reason: string) => {
    if (answers) log.warn({ reason }, 'Redis does not answer')
    answers = false
  }
  redis.on('error', error => lost(reasonOf(error)))
  redis.on('reconnecting', () => lost('disconnected'))
  redis.on('ready', () => {
    if (!answers) log.info({}, 'Redis answers again')
    answers = true
  })
}

/** A word such as ECONNREFUSED or WRONGPASS. The whole error of a failed AUTH holds the password. */
function reasonOf ({ code, message }: Error & { code?: string }): string {
  return code ?? /^[A-Z]{2,}/.exec(message)?.[0] ?? 'timeout'
}
