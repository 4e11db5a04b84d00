import { Cluster } from 'ioredis'
import { SessionExists, SessionsUnavailable } from '../errors.ts'
import { PAGE_TIMEOUT_MS, timeLeft } from '../time-budget.ts'
import { orUnavailable } from '../unavailable.ts'
import { within } from '../within.ts'
import type { RedisClient } from './open-redis.ts'
import { countKeys } from './redis-count.ts'
import { defineScripts } from './redis-scripts.ts'
import { markOf, ownerIn, pairsOf, sessionIn, versionOf } from './redis-session-hash.ts'
import { redisUserIndex } from './redis-user-index.ts'
import { checkChanges, checkNew, encodeEach, withOnly } from './session-record.ts'
import type { NewSession, SessionChanges, SessionStore, StoredSession } from './session-store.ts'
import type { StoreOptions } from './store-options.ts'

type RedisOptions = StoreOptions & { prefix: string }
type Keys = ReturnType<typeof keysOf>

/** What the one command of a read leaves of the second. */
const REMOVAL_MS = 150

/**
 * Sessions in Redis, each a hash, beside an index per user. The client is shared, so whoever opened it closes it.
 *
 * A command that timed out may still run later. All of them can bear it: a late create makes a session whose id nobody was
 * given, a late revoke ends what was to end, a late update changes only what is still there.
 */
export function redisSessionStore (redis: RedisClient, options: RedisOptions): SessionStore {
  defineScripts(redis)
  const keys = keysOf(redis, options)
  return {
    description: descriptionOf(redis),
    create: session => create(keys, session),
    // Without a deadline: its one command has a timeout of its own, and a second timer would cost every request.
    read: (handle, only) => answer(() => read(keys, handle, only)),
    update: (handle, changes) => update(keys, handle, changes),
    revoke: handle => patiently(() => revoke(keys, handle)),
    listOf: userId => patiently(() => listOf(keys, userId)),
    revokeOf: async (userId, handle) => await patiently(() => end(keys, userId, [handle])) > 0,
    revokeAllOf: (userId, except) => patiently(() => revokeAllOf(keys, userId, except)),
    revokeAllOfUsers: userIds => answer(() => revokeAllOfUsers(keys, userIds)),
    sweep: async () => 0,
    // All of its commands together may take longer than a request waits.
    count: () => answer(() => countKeys(redis, keys.keyOf(''))),
    ping: async () => { await answer(() => redis.ping()) },
    close: async () => {}
  }
}

function descriptionOf (redis: RedisClient): string {
  if (redis instanceof Cluster) return 'a Redis Cluster'
  const { name, host, port } = redis.options
  return name ? `Redis, at the master that its sentinels call ${name}` : `Redis at ${host}:${port}`
}

/** What the keys of sessions begin with; the handle ends them. @param prefix of every key */
export function sessionKeyPrefix (prefix: string): string {
  return `${prefix}session:`
}

function keysOf (redis: RedisClient, options: RedisOptions) {
  const keyOf = (handle: string) => sessionKeyPrefix(options.prefix) + handle
  return { ...options, redis, keyOf, index: redisUserIndex(redis, options) }
}

/** With the timeouts of its commands alone. */
function answer<T> (work: () => Promise<T>): Promise<T> {
  return orUnavailable(SessionsUnavailable, () => work().catch(withoutArguments))
}

/** Where a form waits. */
function patiently<T> (work: () => Promise<T>): Promise<T> {
  return answer(async () => await within(timeLeft(), work()))
}

function answerPage<T> (work: () => Promise<T>): Promise<T> {
  return answer(() => within(PAGE_TIMEOUT_MS, work()))
}

/** The errors of ioredis carry the command that failed, and so would bring what a session holds, or a password, to the log. */
function withoutArguments (error: Error): never {
  Reflect.deleteProperty(error, 'command')
  throw error
}

async function create (keys: Keys, session: NewSession): Promise<void> {
  checkNew(session)
  if (await patiently(() => insert(keys, session)) === 0) throw new SessionExists()
}

async function insert ({ redis, keyOf, index, now }: Keys, session: NewSession): Promise<number> {
  const { handle, fields: { userId }, expiresAt, endsAt } = session
  const insertHash = () => redis.createSession(keyOf(handle), expiresAt - now(), ...pairsOf(session))
  if (typeof userId !== 'string') return insertHash()
  // In this order, so that no session is ever outside its user's index, where it could be neither seen nor revoked.
  await index.announce(userId, handle, endsAt)
  const created = await insertHash()
  await index.settle(userId, handle, endsAt)
  return created
}

async function read (keys: Keys, handle: string, only?: string[]): Promise<StoredSession | null> {
  const session = only === undefined ? await load(keys, handle) : await loadOnly(only, keys, handle)
  return session && session.expiresAt > keys.now() ? session : null
}

/** The session with some of its fields. */
async function loadOnly (names: string[], keys: Keys, handle: string): Promise<StoredSession | null> {
  const asked = ['v', 'expiresAt', ...names]
  const texts = await keys.redis.hmget(keys.keyOf(handle), ...asked).catch(wrongType)
  if (texts?.[0] === null) return null
  const hash: Record<string, string> = {}
  texts?.forEach((text, at) => { if (text !== null) hash[asked[at]!] = text })
  // What is not one of ours is looked at as a whole.
  return sessionIn(handle, hash) ?? withOnly(names, await load(keys, handle))
}

/** The session, expired or not. What is not one of ours goes, as nothing else would ever remove it. */
async function load ({ redis, keyOf, log }: Keys, handle: string): Promise<StoredSession | null> {
  const hash = await redis.hgetall(keyOf(handle)).catch(wrongType)
  if (hash && Object.keys(hash).length === 0) return null
  const session = hash && sessionIn(handle, hash)
  if (session) return session
  const removed = await within(REMOVAL_MS, redis.del(keyOf(handle)))
  if (removed > 0) log.warn({ handle }, 'removed a stored session that is not one of ours')
  return null
}

function wrongType (error: Error): null {
  if (error.message.startsWith('WRONGTYPE')) return null
  throw error
}

async function update (keys: Keys, handle: string, changes: SessionChanges): Promise<boolean> {
  checkChanges(changes)
  return answerPage(() => change(keys, handle, changes))
}

async function change (keys: Keys, handle: string, changes: SessionChanges): Promise<boolean> {
  const endsAt = changes.renewal?.endsAt ?? 0
  const outcome = await runUpdate(keys, handle, changes, endsAt, [])
  if (typeof outcome === 'number') return outcome === 1
  const userId = ownerIn(outcome)
  if (userId === null) return false
  // Rare: the session can now last longer than its index knows.
  await keys.index.extend(userId, handle, endsAt)
  return await runUpdate(keys, handle, changes, 0, ['v', versionOf(handle, endsAt)]) === 1
}

function runUpdate ({ redis, keyOf, now }: Keys, handle: string, changes: SessionChanges, ends: number, known: string[]) {
  const { set, remove, renewal } = changes
  const time = now()
  const pairs = Object.entries(encodeEach(set)).flat().concat(known)
  if (renewal) pairs.push('expiresAt', String(renewal.expiresAt))
  const ttl = renewal ? renewal.expiresAt - time : 0
  return redis.updateSession(keyOf(handle), markOf(handle), time, ends, ttl, remove.length, ...remove, ...pairs)
}

async function revoke ({ redis, keyOf, index }: Keys, handle: string): Promise<void> {
  const owner = await redis.revokeSession(keyOf(handle))
  const userId = owner === null ? null : ownerIn(owner)
  if (userId !== null) await index.remove(userId, [handle])
}

async function listOf (keys: Keys, userId: string): Promise<StoredSession[]> {
  const entries = await keys.index.entriesOf(userId)
  const loaded = await Promise.all(entries.map(({ handle }) => load(keys, handle)))
  const mine = loaded.flatMap(session => session?.fields.userId === userId ? session : [])
  const ended = entries.filter(({ handle, settled }) => settled && !mine.some(session => session.handle === handle))
  await keys.index.remove(userId, ended.map(({ handle }) => handle))
  const time = keys.now()
  return mine.filter(session => session.expiresAt > time)
}

async function revokeAllOf (keys: Keys, userId: string, exceptHandle?: string): Promise<number> {
  const entries = await keys.index.entriesOf(userId)
  return end(keys, userId, entries.map(({ handle }) => handle).filter(handle => handle !== exceptHandle))
}

async function revokeAllOfUsers (keys: Keys, userIds: string[]): Promise<number> {
  const ended = await Promise.all(userIds.map(userId => revokeAllOf(keys, userId)))
  return ended.reduce((sum, count) => sum + count, 0)
}

/** Ends those sessions that are this user's, the expired among them too. @returns how many of them were alive */
async function end ({ redis, keyOf, index, now }: Keys, userId: string, handles: string[]): Promise<number> {
  const owner = JSON.stringify(userId)
  const time = now()
  const outcomes = await Promise.all(handles.map(handle => redis.revokeSessionOf(keyOf(handle), owner, time)))
  await index.remove(userId, handles.filter((_handle, at) => outcomes[at] !== 0))
  return outcomes.filter(outcome => outcome === 2).length
}
