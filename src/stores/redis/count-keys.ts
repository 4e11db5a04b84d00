import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.ts'

/** Keys that one command goes through: few enough for nobody else to wait. */
const AT_ONCE = 1000

/** How many keys begin like this. Goes through all of them, those of a Cluster on each of its masters. */
export async function countKeys (redis: RedisClient, prefix: string): Promise<number> {
  const counts = await Promise.all(mastersOf(redis).map(server => countIn(server, `${escaped(prefix)}*`)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function countIn (redis: Redis, pattern: string): Promise<number> {
  // A key that moves while this goes on can be seen twice; of a number for operators that may be.
  let [cursor, keys] = await redis.scan(0, 'MATCH', pattern, 'COUNT', AT_ONCE)
  let count = keys.length
  while (cursor !== '0') {
    [cursor, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', AT_ONCE)
    count += keys.length
  }
  return count
}

/** As itself in a pattern. */
export function escaped (text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&')
}
