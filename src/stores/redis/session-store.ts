import { Cluster } from 'ioredis'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { PAGE_TIMEOUT_MS, timeLeft } from '../../async/time-budget.ts'
import { withTimeout } from '../../async/with-timeout.ts'
import { SessionExists, SessionsUnavailable } from '../../errors.ts'
import { checkChanges, checkNew } from '../../sessions/check-session.ts'
import { textOf } from '../../sessions/session.ts'
import { encodeEach } from '../../sessions/session-fields.ts'
import type { NewSession, SessionChanges, SessionStore, StoredSession } from '../../sessions/session-store.ts'
import type { RedisClient } from './client.ts'
import { countKeys } from './count-keys.ts'
import { load, read, readCore } from './read-session.ts'
import { defineScripts } from './scripts.ts'
import { markOf, pairsOf, seenText } from './session-hash.ts'
import { type Keys, keysOf, type RedisOptions } from './session-keys.ts'

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
    // Without a deadline: their one command has a timeout of its own, and a second timer would cost every request.
    read: handle => answer(() => read(keys, handle)),
    readCore: handle => answer(() => readCore(keys, handle)),
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

/** With the timeouts of its commands alone. */
function answer<T> (work: () => Promise<T>): Promise<T> {
  return orUnavailable(SessionsUnavailable, () => work().catch(withoutArguments))
}

/** Where a form waits. */
function patiently<T> (work: () => Promise<T>): Promise<T> {
  return answer(async () => await withTimeout(timeLeft(), work()))
}

function answerPage<T> (work: () => Promise<T>): Promise<T> {
  return answer(() => withTimeout(PAGE_TIMEOUT_MS, work()))
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
  const { handle, core: { login }, expiresAt, endsAt } = session
  const insertHash = () => redis.createSession(keyOf(handle), expiresAt - now(), ...pairsOf(session))
  if (login === null) return insertHash()
  const { userId } = login
  // In this order, so that no session is ever outside its user's index, where it could be neither seen nor revoked.
  await index.announce(userId, handle, endsAt)
  const created = await insertHash()
  await index.settle(userId, handle, endsAt)
  return created
}

async function update (keys: Keys, handle: string, changes: SessionChanges): Promise<boolean> {
  checkChanges(changes)
  return answerPage(() => change(keys, handle, changes))
}

async function change (keys: Keys, handle: string, changes: SessionChanges): Promise<boolean> {
  const endsAt = changes.renewal?.endsAt ?? 0
  const outcome = await runUpdate(keys, handle, changes, { ends: endsAt })
  if (typeof outcome === 'number') return outcome === 1
  // Rare: the session can now last longer than its index knows.
  await keys.index.extend(outcome, handle, endsAt)
  return await runUpdate(keys, handle, changes, { ends: 0, indexed: textOf(endsAt) }) === 1
}

interface IndexedUntil {
  /** When the session can end, if its index may not know. */
  ends: number
  /** As text, once the index was extended. */
  indexed?: string
}

function runUpdate (keys: Keys, handle: string, { set, remove, renewal }: SessionChanges, { ends, indexed = '' }: IndexedUntil) {
  const time = keys.now()
  const ttl = renewal ? renewal.expiresAt - time : 0
  const seen = renewal ? seenText(renewal) : ''
  const fields = [remove.length, ...remove, ...Object.entries(encodeEach(set)).flat()]
  return keys.redis.updateSession(keys.keyOf(handle), markOf(handle), time, ends, ttl, seen, indexed, ...fields)
}

async function revoke ({ redis, keyOf, index }: Keys, handle: string): Promise<void> {
  const userId = await redis.revokeSession(keyOf(handle))
  if (userId !== null) await index.remove(userId, [handle])
}

async function listOf (keys: Keys, userId: string): Promise<StoredSession[]> {
  const entries = await keys.index.entriesOf(userId)
  const loaded = await Promise.all(entries.map(({ handle }) => load(keys, handle)))
  const mine = loaded.flatMap(session => session !== 'newer' && session?.core.login?.userId === userId ? session : [])
  const isGone = (handle: string) => !mine.some(session => session.handle === handle)
  const ended = entries.filter(({ handle, settled }, at) => settled && loaded[at] !== 'newer' && isGone(handle))
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
  const time = now()
  const outcomes = await Promise.all(handles.map(handle => redis.revokeSessionOf(keyOf(handle), userId, time)))
  await index.remove(userId, handles.filter((_handle, at) => outcomes[at] !== 0))
  return outcomes.filter(outcome => outcome === 2).length
}
