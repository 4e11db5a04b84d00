import type { RedisClient } from '../../src/stores/redis/open-redis.ts'
import { newHandle } from '../contract/session-store.ts'

export const keyOf = (handle: string) => `latchkey:session:${handle}`

/** Ways to make a session in Redis one that is not ours. */
export function spoilIn (redis: RedisClient) {
  const hset = (name: string, value: string) => (handle: string) => redis.hset(keyOf(handle), name, value)
  const core = (packed: string) => (handle: string) => redis.hset(keyOf(handle), 'core', `2:${handle.slice(0, 8)}:${packed}`)
  return {
    'a value that is not JSON': hset('a', '{'),
    'an empty value': hset('a', ''),
    'a core that is none': core('{}'),
    'a user that is none': core('a b:1:1::pwd.0'),
    'a login without a proof': core('ada:1:1::'),
    'a proof that is none': core('ada:1:1::x.0'),
    'a record of an older version': hset('core', '0:AbCdEf12:ada:1:1::pwd.0'),
    'a record without a core': (handle: string) => redis.hdel(keyOf(handle), 'core'),
    'a record without times': (handle: string) => redis.hdel(keyOf(handle), 'seen'),
    'times that are none': hset('seen', 'tomorrow'),
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
      const now = Date.now().toString(36)
      await redis.hset(keyOf(handle), { core: `2:${newHandle().slice(0, 8)}:ada:1:1::pwd.0`, seen: `${now}:zzzzzzzz:${now}` })
    },
    'a record of version 1 of another handle': async (handle: string) => {
      await redis.del(keyOf(handle))
      await redis.hset(keyOf(handle), { v: `1:${newHandle().slice(0, 8)}:0`, expiresAt: Date.now() + 1e6, startedAt: 1, lastSeenAt: 1, userId: '"ada"' })
    },
    'a record of version 1 without an expiry': async (handle: string) => {
      await redis.del(keyOf(handle))
      await redis.hset(keyOf(handle), { v: `1:${handle.slice(0, 8)}:0`, startedAt: 1, lastSeenAt: 1, userId: '"ada"' })
    },
    'a record of version 1 with a value that is not JSON': async (handle: string) => {
      await redis.del(keyOf(handle))
      await redis.hset(keyOf(handle), { v: `1:${handle.slice(0, 8)}:0`, expiresAt: Date.now() + 1e6, startedAt: '{' })
    },
    'a record of version 1 without times': async (handle: string) => {
      await redis.del(keyOf(handle))
      await redis.hset(keyOf(handle), { v: `1:${handle.slice(0, 8)}:0`, expiresAt: Date.now() + 1e6, userId: '"ada"' })
    }
  }
}
