import type { Result } from 'ioredis'
import type { RedisClient } from './open-redis.ts'

/*
 * What Redis runs as one atomic step. Each script touches one key, as in a Cluster the keys lie on different machines.
 */

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ttl, name, value … @returns 0 when the key is taken */
    createSession (key: string, ...args: Array<string | number>): Result<number, Context>
    /** mark, now, ends, ttl, seen, indexed, count of removed names, names …, name, value … @returns 0 gone, 1 done, or whose index must be extended first */
    updateSession (key: string, ...args: Array<string | number>): Result<number | string, Context>
    /** v as it was read, count of removed names, names …, name, value … A session that was changed or ended meanwhile stays as it is. */
    upgradeSession (key: string, ...args: Array<string | number>): Result<null, Context>
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

// Also of records of version 1, in which it is a field of its own, as JSON.
const ownerOf = `
local function ownerOf (core, userId)
  return core and core:match('^2:[%w_-]*:([%w_-]+):') or userId and userId:match('^"([%w_-]+)"$')
end`

// Runs at each request that changed something. Asked for an end that the index may not know of, it changes nothing and
// names the owner: the index comes first, so that no session is ever outside of it.
const updateSession = `${ownerOf}
local mark, now, ends, ttl, removed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[7])
local stored = redis.pcall('HMGET', KEYS[1], 'core', 'seen')
local core = stored[1] or ''
local seenAt, expiresAt, indexed = (stored[2] or ''):match('^(%w+):(%w+):(%w+)$')
if core:sub(1, #mark) ~= mark or not expiresAt or tonumber(expiresAt, 36) <= now then return 0 end
local owner = ownerOf(core)
if owner and ends > tonumber(indexed, 36) then return owner end
if removed > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 8, 7 + removed)) end
local pairs = { unpack(ARGV, 8 + removed) }
if ttl ~= 0 then
  pairs[#pairs + 1] = 'seen'
  pairs[#pairs + 1] = ARGV[5] .. ':' .. (ARGV[6] ~= '' and ARGV[6] or indexed)
end
if #pairs > 0 then redis.call('HSET', KEYS[1], unpack(pairs)) end
if ttl ~= 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`

const upgradeSession = `
if redis.call('HMGET', KEYS[1], 'v')[1] ~= ARGV[1] then return end
redis.call('HSET', KEYS[1], unpack(ARGV, 3 + ARGV[2]))
redis.call('HDEL', KEYS[1], unpack(ARGV, 3, 2 + ARGV[2]))`

const revokeSession = `${ownerOf}
local stored = redis.pcall('HMGET', KEYS[1], 'core', 'userId')
local owner = ownerOf(stored[1], stored[2])
redis.call('DEL', KEYS[1])
return owner`

const revokeSessionOf = `${ownerOf}
local stored = redis.pcall('HMGET', KEYS[1], 'core', 'userId', 'seen', 'expiresAt')
if ownerOf(stored[1], stored[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
local expiresAt = stored[3] and stored[3]:match('^%w+:(%w+):')
return (expiresAt and tonumber(expiresAt, 36) or tonumber(stored[4]) or 0) > tonumber(ARGV[2]) and 2 or 1`

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

const scripts = { createSession, updateSession, upgradeSession, revokeSession, revokeSessionOf, indexSession, indexedSessions }

export function defineScripts (redis: RedisClient): void {
  for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys: 1, lua })
}
