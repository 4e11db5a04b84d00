import type { Result } from 'ioredis'
import type { Clock } from '../../clock.ts'
import type { RedisClient } from './open-redis.ts'
import type { Failures } from '../../authentication/limits/backoff.ts'
import { oldCounters } from './old-counters.ts'
import { FAILURES_PREFIX, PREFIX, type RateLimitStore } from '../../authentication/limits/rate-limit-store.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** amount, milliseconds until it expires. @returns what it is at then */
    addToCount (key: string, amount: number, ttl: number): Result<number, Context>
    /** from, to, milliseconds until it expires; '' is for absent. @returns 0 when something else than `from` is stored */
    replaceFailures (key: string, from: string, to: string, ttl: number): Result<number, Context>
  }
}

const addToCount = `
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count`

const replaceFailures = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`

/** Counters that Redis removes when they expire. */
export function redisRateLimitStore (redis: RedisClient, { prefix, now }: { prefix: string, now: Clock }): RateLimitStore {
  const keyOf = (key: string) => prefix + FAILURES_PREFIX + key
  const ttlOf = (expiresAt: number) => Math.max(1, expiresAt - now())
  redis.defineCommand('addToCount', { numberOfKeys: 1, lua: addToCount })
  redis.defineCommand('replaceFailures', { numberOfKeys: 1, lua: replaceFailures })
  return {
    readCounts: counters => Promise.all(counters.map(async ({ key }) => Number(await redis.get(prefix + PREFIX + key)))),
    addToCounts: (counters, amount) => Promise.all(counters.map(({ key, expiresAt }) => redis.addToCount(prefix + PREFIX + key, amount, ttlOf(expiresAt)))),
    readFailures: async key => decode(await redis.get(keyOf(key))),
    replaceFailures: async (key, from, to) => await redis.replaceFailures(keyOf(key), encode(from), encode(to), ttlOf(to?.expiresAt ?? 0)) === 1,
    sweep: oldCounters(redis, prefix + PREFIX)
  }
}

function encode (failures: Failures | null): string {
  return failures === null ? '' : `${failures.count}:${failures.expiresAt}`
}

function decode (stored: string | null): Failures | null {
  const [count, expiresAt] = stored?.split(':') ?? []
  return stored === null ? null : { count: Number(count), expiresAt: Number(expiresAt) }
}
