import type { Result } from 'ioredis'
import type { RedisClient } from './open-redis.ts'

/*
 * What Redis runs as one atomic step. Each script touches one key, as in a Cluster the keys lie on different machines.
 */

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ttl, name, value … @returns 0 when the key is taken */
    createSession (key: string, ...args: Array<string | number>): Result<number, Context>
    /** mark, now, ends, ttl, count of removed names, names …, name, value … @returns 0 gone, 1 done, or whose index must be extended first */
    updateSession (key: string, ...args: Array<string | number>): Result<number | string, Context>
    /** @returns whose it was */
    revokeSession (key: string): Result<string | null, Context>
    /** @returns 0 not theirs, 1 had expired, 2 was alive */
    revokeSessionOf (key: string, owner: string, now: number): Result<number, Context>
    /** The index lasts as long as the entry that ends last, and never shorter than it was to. */
    indexSession (key: string, ends: number, handle: string, now: number): Result<null, Context>
    /** @returns handle, ends … */
    indexedSessions (key: string): Result<string[], Context>
  }
}

const createSession = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`

// Runs at each request that changed something. Asked for an end that the index may not know of, it changes nothing and
// names the owner: the index comes first, so that no session is ever outside of it.
const updateSession = `
local mark, now, ends, ttl, removed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local stored = redis.pcall('HMGET', KEYS[1], 'v', 'expiresAt', 'userId')
local v, expiresAt, owner = stored[1] or '', tonumber(stored[2]) or 0, stored[3]
if v:sub(1, #mark) ~= mark or expiresAt <= now then return 0 end
if owner and ends > (tonumber(v:sub(#mark + 1), 36) or 0) then return owner end
if removed > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 6, 5 + removed)) end
if #ARGV > 5 + removed then redis.call('HSET', KEYS[1], unpack(ARGV, 6 + removed)) end
if ttl ~= 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`

const revokeSession = `
local owner = redis.pcall('HGET', KEYS[1], 'userId')
redis.call('DEL', KEYS[1])
return type(owner) == 'string' and owner`

const revokeSessionOf = `
local stored = redis.pcall('HMGET', KEYS[1], 'userId', 'expiresAt')
if stored[1] ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return (tonumber(stored[2]) or 0) > tonumber(ARGV[2]) and 2 or 1`

const onlySortedSet = "if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end"

// No entry goes, and no time gets shorter, by what this process takes for now: its clock may be wrong, and a session that
// is outside of its index can be neither seen nor revoked.
const indexSession = `
${onlySortedSet}
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local ttl, left = last[2] - ARGV[3], redis.call('PTTL', KEYS[1])
if left < 0 or ttl > left then redis.call('PEXPIRE', KEYS[1], string.format('%d', ttl)) end`

const indexedSessions = `
${onlySortedSet}
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')`

const scripts = { createSession, updateSession, revokeSession, revokeSessionOf, indexSession, indexedSessions }

export function defineScripts (redis: RedisClient): void {
  for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys: 1, lua })
}
