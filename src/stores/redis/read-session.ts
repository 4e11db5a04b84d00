import { withTimeout } from '../../async/with-timeout.ts'
import { coreOf } from '../../sessions/session-record.ts'
import type { StoredCore, StoredSession } from '../../sessions/session-store.ts'
import { constantPairs, CORE_NAMES, coreIn, isNewer, seenText, sessionIn, sessionInVersion1 } from './session-hash.ts'
import type { Keys } from './session-keys.ts'

/** What the one command of a read leaves of the second. */
const REMOVAL_MS = 150

export async function read (keys: Keys, handle: string): Promise<StoredSession | null> {
  const session = await load(keys, handle)
  return session !== 'newer' && session !== null && session.expiresAt > keys.now() ? session : null
}

export async function readCore (keys: Keys, handle: string): Promise<StoredCore | null> {
  const [core, seen] = await keys.redis.hmget(keys.keyOf(handle), ...CORE_NAMES).catch(wrongType) ?? []
  const stored = core && seen ? coreIn(handle, { core, seen }) : null
  // Anything else has to be looked at as a whole.
  if (stored === null) return coreOf(await read(keys, handle))
  return stored.expiresAt > keys.now() ? stored : null
}

/** The session, expired or not. What is not one of ours goes, as nothing else would ever remove it; one of a newer release stays. */
export async function load (keys: Keys, handle: string): Promise<StoredSession | 'newer' | null> {
  const { redis, keyOf, log } = keys
  const hash = await redis.hgetall(keyOf(handle)).catch(wrongType)
  if (hash && Object.keys(hash).length === 0) return null
  if (hash && isNewer(hash)) return 'newer'
  const session = hash && (sessionIn(handle, hash) ?? await upgraded(keys, handle, hash))
  if (session) return session
  const removed = await withTimeout(REMOVAL_MS, redis.del(keyOf(handle)))
  if (removed > 0) log.warn({ handle }, 'removed a stored session that is not one of ours')
  return null
}

/** A session of version 1 is written anew when it is first read, and null when it is none. */
async function upgraded ({ redis, keyOf }: Keys, handle: string, hash: Record<string, string>): Promise<StoredSession | null> {
  const session = sessionInVersion1(handle, hash)
  if (session === null) return null
  const removed = Object.keys(hash).filter(name => !Object.hasOwn(session.fields, name))
  // `0`: until when its index knows it is not known, so the next renewal extends that too.
  const pairs = [...constantPairs(session), 'seen', `${seenText(session)}:0`]
  await redis.upgradeSession(keyOf(handle), hash.v!, removed.length, ...removed, ...pairs)
  return session
}

function wrongType (error: Error): null {
  if (error.message.startsWith('WRONGTYPE')) return null
  throw error
}
