import { Redis } from 'ioredis'
import type { StoreLog } from './store-options.ts'

interface Settings {
  /** redis:// or rediss:// */
  url: string
  log: StoreLog
}

const TIMEOUT_MS = 800

/**
 * A client whose every command settles within a second, also when Redis is down, silent or frozen, and that comes back by itself.
 * Resolves once Redis has answered or has failed to, so that the service starts without it.
 */
export async function openRedis ({ url, log }: Settings): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    // Commands wait behind one another on a frozen connection. This one gives it up, and all of them with it.
    socketTimeout: TIMEOUT_MS,
    // Nothing piles up during an outage, and nothing that has failed is sent again after it.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: attempt => Math.min(attempt * 100, 500) + Math.random() * 100,
    enableAutoPipelining: true
  })
  logOutages(redis, log)
  await redis.connect().catch(() => { /* logged, and tried again in the background */ })
  return redis
}

/** Once for each change, as a busy service would otherwise log each request of an outage. */
function logOutages (redis: Redis, log: StoreLog): void {
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
