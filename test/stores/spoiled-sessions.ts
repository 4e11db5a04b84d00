import type { RedisClient } from '../../src/sessions/open-redis.ts'
import { newHandle } from '../contract/session-store.ts'

export const keyOf = (handle: string) => `latchkey:session:${handle}`

/** Ways to make a session in Redis one that is not ours. */
export function spoilIn (redis: RedisClient) {
  const hset = (name: string, value: string) => (handle: string) => redis.hset(keyOf(handle), name, value)
  return {
    'a value that is not JSON': hset('a', '{'),
    'an empty value': hset('a', ''),
    'a user that is no text': hset('userId', '7'),
    'a user that is not JSON': hset('userId', 'ada'),
    'a record of another version': hset('v', '2:AbCdEf12:0'),
    'a record without a version': (handle: string) => redis.hdel(keyOf(handle), 'v'),
    'a record without an expiry': (handle: string) => redis.hdel(keyOf(handle), 'expiresAt'),
    'an expiry that is no number': hset('expiresAt', 'tomorrow'),
    'a field named __proto__': hset('__proto__', '{}'),
    'a field named constructor': hset('constructor', '1'),
    'a field named toString': hset('toString', '1'),
    'a field named save': hset('save', '1'),
    'a field named cookie': hset('cookie', '{}'),
    'an absurdly large value': hset('a', JSON.stringify('x'.repeat(2_000_000))),
    'a string': (handle: string) => redis.set(keyOf(handle), 'x'),
    'a list': async (handle: string) => {
      await redis.del(keyOf(handle))
      await redis.rpush(keyOf(handle), 'x')
    },
    'a copy of another session': async (handle: string) => {
      const now = Date.now()
      const v = `1:${newHandle().slice(0, 8)}:0`
      await redis.hset(keyOf(handle), { v, expiresAt: now + 1e6, userId: '"ada"' })
    }
  }
}
