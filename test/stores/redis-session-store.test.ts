import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openSessionStore } from '../../src/sessions/open-session-store.ts'
import { keptLog, movableClock, newHandle, newSession, sessionStoreContract, type StoreUnderTest } from '../contract/session-store.ts'
import { startRedisServer } from '../redis-server.ts'

const server = await startRedisServer(t)
const redis = new Redis(server.url)
t.teardown(() => redis.disconnect())

async function open (t: Test): Promise<StoreUnderTest> {
  await redis.flushall()
  const clock = movableClock()
  const log = keptLog()
  const store = await openSessionStore({ redisUrl: server.url, redisPrefix: 'latchkey:', now: clock.now, log })
  t.teardown(() => store.close())
  return { store, clock, log, spoil }
}

const keyOf = (handle: string) => `latchkey:session:${handle}`
const hset = (name: string, value: string) => (handle: string) => redis.hset(keyOf(handle), name, value)

const spoil = {
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

sessionStoreContract('Redis', open)
void newSession
