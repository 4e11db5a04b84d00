import { setTimeout as after } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.ts'
import { escaped } from './count-keys.ts'

/** Keys that one command goes through, and milliseconds until the next: Redis is busy with it for a few percent of the time. */
const AT_ONCE = 1000
const PAUSE_MS = 10

/**
 * Removes the counters of earlier releases, of which each guessed email left one for a year. Goes through all keys once in
 * the life of a process; after a failure it begins again with the next call.
 * @param prefix of the keys of counters
 * @returns how many it has removed
 */
export function oldCounters (redis: RedisClient, prefix: string): () => Promise<number> {
  let isDone = false
  return async () => {
    if (isDone) return 0
    const removed = await Promise.all(mastersOf(redis).map(server => removeIn(server, `${escaped(prefix)}guesses:*`)))
    isDone = true
    return removed.reduce((sum, count) => sum + count, 0)
  }
}

async function removeIn (server: Redis, pattern: string): Promise<number> {
  let removed = 0
  let cursor = '0'
  do {
    const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', AT_ONCE)
    // One by one, because in a Cluster they are in different slots.
    await Promise.all(keys.map(key => server.del(key)))
    removed += keys.length
    cursor = next
    await after(PAUSE_MS, undefined, { ref: false })
  } while (cursor !== '0')
  return removed
}
