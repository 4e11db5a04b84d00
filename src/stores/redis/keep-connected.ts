import type { RedisClient } from './client.ts'

const HEARTBEAT_MS = 1_000
/** Longer than any attempt of ioredis to connect. */
const STUCK_AFTER_MS = 5_000
const RETRY_MS = 100

export interface Supervision {
  /** Drops the connection, or the attempt at one, and starts over. */
  reconnect (): void
  stop (): void
}

/**
 * Keeps a client connected until it is stopped, whatever ended its connection.
 *
 * ioredis reconnects on its own, but not from every state: a client that is disconnected while it asks the sentinels is in `end` for good, and
 * a Cluster whose last node closes while it looks up host names stays in `close`. So `end` starts over at once, and so does, whatever its
 * state, a client that for five seconds has neither answered a PING nor reported a failed attempt.
 */
export function keepConnected (redis: RedisClient): Supervision {
  let activeAt = performance.now()
  let retry: NodeJS.Timeout | undefined
  const isActive = () => { activeAt = performance.now() }
  const connect = () => { redis.connect().catch(ignore) }

  function reconnect (): void {
    isActive()
    redis.disconnect(true)
    connect()
  }

  function retryLater (): void {
    clearTimeout(retry)
    retry = setTimeout(connect, RETRY_MS)
  }

  // A connection that died silently is given up when it leaves the PING unanswered, before a request finds out.
  const heartbeat = setInterval(() => {
    if (performance.now() - activeAt > STUCK_AFTER_MS) reconnect()
    redis.ping().then(isActive, ignore)
  }, HEARTBEAT_MS).unref()
  redis.on('error', isActive)
  redis.on('reconnecting', isActive)
  redis.on('end', retryLater)

  return {
    reconnect,
    stop () {
      redis.off('end', retryLater)
      clearTimeout(retry)
      clearInterval(heartbeat)
    }
  }
}

function ignore (): void {}
