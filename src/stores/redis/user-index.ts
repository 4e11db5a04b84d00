import type { Clock } from '../../clock.ts'
import type { RedisClient } from './open-redis.ts'

interface Options {
  prefix: string
  now: Clock
}

export interface IndexEntry {
  handle: string
  /** False while its session may still be on the way: then a missing session does not mean an ended one. */
  settled: boolean
}

// A fraction that no whole millisecond has marks an entry whose session is still on the way.
const ON_THE_WAY = 0.5

// The clocks of the machines may differ. A session that should have ended a day ago is on the way no more.
const MARGIN_MS = 24 * 60 * 60_000

/** Which sessions a user has: a sorted set of handles by the moment that renewals can carry each of them to. */
export function redisUserIndex (redis: RedisClient, { prefix, now }: Options) {
  const keyOf = (userId: string) => `${prefix}user-sessions:${userId}`

  function write (userId: string, handle: string, score: number): Promise<null> {
    return redis.indexSession(keyOf(userId), score, handle, now())
  }

  return {
    /** Announces a session that is about to be created. */
    announce: (userId: string, handle: string, endsAt: number) => write(userId, handle, endsAt + ON_THE_WAY),

    /** The announced session is there. */
    settle: (userId: string, handle: string, endsAt: number) => redis.zadd(keyOf(userId), 'XX', endsAt, handle),

    /** A session that is there can last longer. */
    extend: write,

    async entriesOf (userId: string): Promise<IndexEntry[]> {
      const flat = await redis.indexedSessions(keyOf(userId))
      const horizon = now() - MARGIN_MS
      const pairs = flat.flatMap((handle, at) => at % 2 === 0 ? [{ handle, score: Number(flat[at + 1]) }] : [])
      return pairs.map(({ handle, score }) => ({ handle, settled: Number.isInteger(score) || score < horizon }))
    },

    async remove (userId: string, handles: string[]): Promise<void> {
      if (handles.length > 0) await redis.zrem(keyOf(userId), ...handles)
    }
  }
}
