import { equal } from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { StoreLog } from '../../observability/store-log.ts'
import { withTimeout } from '../../async/with-timeout.ts'
import type { IdentityCache } from '../../identity/identity-cache.ts'

/** Where Redis pushes invalidations to a client of RESP2 (redis.io, Client-side caching). */
const CHANNEL = '__redis__:invalidate'
const CONNECT_TIMEOUT_MS = 3_000
const RETRY_MS = 250
const PING_EVERY_MS = 250
/** Since an answered PING was sent. */
const TRUSTED_MS = 500

interface Options {
  /** What the keys of sessions begin with; the rest is the handle. */
  keyPrefix: string
  cache: IdentityCache
  log: StoreLog
  /** Closes the connection. */
  closing: AbortSignal
}

/**
 * Has Redis push the handle of every session that is changed, by whatever process, to the cache: CLIENT TRACKING, on a
 * connection of its own. The cache is enabled only while that connection is known to work and to lead to the server that
 * sessions are read from. Resolves when it is closed.
 */
export async function subscribeToInvalidations (redis: Redis, { log, ...options }: Options): Promise<void> {
  const { closing } = options
  let isReported = false
  const onConfirmed = () => {
    if (isReported) log.info({}, 'answers come from memory again')
    isReported = false
  }
  while (!closing.aborted) {
    // Without the store nothing is read, so nothing can be cached.
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: closing }).catch(ignore)
    else {
      const reason = await subscribeOnce(redis, { ...options, onConfirmed })
      // An outage of the store is reported by its own connection.
      if (redis.status === 'ready' && !closing.aborted && !isReported) {
        log.warn({ reason }, 'Redis does not push which sessions change, so nothing is answered from memory')
        isReported = true
      }
    }
    await after(RETRY_MS, undefined, { ref: false })
  }
}

interface Attempt extends Omit<Options, 'log'> {
  onConfirmed: () => void
}

/**
 * Each connection is a client of its own, as ioredis carries the state of one over to the next.
 * @returns why it was lost
 */
async function subscribeOnce (redis: Redis, { keyPrefix, cache, closing, onConfirmed }: Attempt): Promise<string> {
  const subscriber = redis.duplicate({ protocol: 2, enableAutoPipelining: false, retryStrategy: null, sentinelRetryStrategy: ignore, reconnectOnError: null })
  const mustReconnect = new AbortController()
  const leave = () => {
    cache.disable()
    subscriber.disconnect()
    mustReconnect.abort()
  }
  subscriber.on('error', ignore)
  subscriber.on('close', leave)
  subscriber.on('messageBuffer', (_channel: Buffer, keys: Buffer[] | null) => invalidate(cache, keyPrefix, keys))
  // Afterwards sessions may be read from another server, whose changes are not pushed here.
  redis.on('close', leave)
  closing.addEventListener('abort', leave, { signal: mustReconnect.signal })
  const reason = await withTimeout(CONNECT_TIMEOUT_MS, subscribe(subscriber, redis, keyPrefix))
    .then(() => confirm(subscriber, cache, mustReconnect.signal, onConfirmed))
    .catch((error: Error) => error.message)
  leave()
  redis.off('close', leave)
  return reason
}

async function subscribe (subscriber: Redis, redis: Redis, keyPrefix: string): Promise<void> {
  await subscriber.connect()
  const [pushes, isRead] = await Promise.all([subscriber, redis].map(serverOf))
  equal(pushes, isRead, 'It is another server than the one that sessions are read from')
  await subscriber.client('TRACKING', 'ON', 'REDIRECT', await subscriber.client('ID'), 'BCAST', 'PREFIX', keyPrefix)
  await subscriber.subscribe(CHANNEL)
}

/** The answer to a PING comes after the invalidations of everything that changed before it: then none of them is missing. */
async function confirm (subscriber: Redis, cache: IdentityCache, mustReconnect: AbortSignal, onConfirmed: () => void): Promise<never> {
  while (true) {
    const sentAt = performance.now()
    await subscriber.ping()
    mustReconnect.throwIfAborted()
    cache.enable(sentAt + TRUSTED_MS)
    onConfirmed()
    await after(PING_EVERY_MS, undefined, { signal: mustReconnect, ref: false })
  }
}

/** The name that a server gives itself at each start. */
async function serverOf (redis: Redis): Promise<string | undefined> {
  return /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1]
}

/** @param keys null when all of them went at once */
function invalidate (cache: IdentityCache, keyPrefix: string, keys: Buffer[] | null): void {
  if (keys === null) cache.clear()
  else for (const key of keys) cache.invalidate(key.toString().slice(keyPrefix.length))
}

function ignore (): void {}
