import { type Client, numberIn, packCore, type SessionCore, textOf, unpackCore } from '../../sessions/session.ts'
import { decodeEach, encodeEach } from '../../sessions/session-fields.ts'
import { RECORD_VERSION } from '../../sessions/session-record.ts'
import { decodeEachOfVersion1, fromVersion1 } from '../../sessions/session-record-version-1.ts'
import type { NewSession, StoredCore, StoredSession } from '../../sessions/session-store.ts'

/*
 * How a session is stored in Redis: a hash with the application's fields, each value as JSON, and three fields of the store.
 * `core` never changes: `2:AbCdEf12:…`, the version, the beginning of the handle, the packed core.
 * `client` never changes either: the address, a space and the device; missing for a visitor.
 * `seen` changes with each renewal: `lastSeenAt:expiresAt:indexedUntil`.
 */

/** The names that identify who is logged in. */
export const CORE_NAMES = ['core', 'seen']

const SEEN = /^[0-9a-z]{1,11}:[0-9a-z]{1,11}:[0-9a-z]{1,11}$/

/** Begins `core`: format and owner. No MAC, as who can write to Redis can forge it; it catches a record copied to another handle. */
export function markOf (handle: string, version = RECORD_VERSION): string {
  return `${version}:${handle.slice(0, 8)}:`
}

/** The fields that never change, names and values in turn, as HSET takes them. */
export function constantPairs ({ handle, core, client }: Pick<StoredSession, 'handle' | 'core' | 'client'>): string[] {
  const pairs = ['core', markOf(handle) + packCore(core)]
  return client === null ? pairs : [...pairs, 'client', `${client.address} ${client.device}`]
}

/** `seen` without its end, until which the index knows the session: scripts add that. */
export function seenText ({ lastSeenAt, expiresAt }: Pick<StoredSession, 'lastSeenAt' | 'expiresAt'>): string {
  return `${textOf(lastSeenAt)}:${textOf(expiresAt)}`
}

/** Names and values in turn, as HSET takes them. */
export function pairsOf (session: NewSession): string[] {
  const seen = `${seenText(session)}:${textOf(session.endsAt)}`
  return [...constantPairs(session), 'seen', seen, ...Object.entries(encodeEach(session.fields)).flat()]
}

/** The core in a hash, or null when it is not one of ours. */
export function coreIn (handle: string, { core: text = '', seen = '' }: Record<string, string>): StoredCore | null {
  const mark = markOf(handle)
  const core = text.startsWith(mark) && SEEN.test(seen) ? unpackCore(text.slice(mark.length)) : null
  const [lastSeenAt, expiresAt] = seen.split(':').map(numberIn)
  return core && { handle, core, lastSeenAt: lastSeenAt!, expiresAt: expiresAt! }
}

/** The session in a hash, or null when it is not one of ours. */
export function sessionIn (handle: string, hash: Record<string, string>): StoredSession | null {
  const stored = coreIn(handle, hash)
  const fields = stored && decodeEach(hash)
  return stored && fields && { ...stored, client: clientIn(stored.core, hash), fields }
}

function clientIn ({ login }: SessionCore, { client = '' }: Record<string, string>): Client | null {
  const end = client.indexOf(' ')
  return login && { address: client.slice(0, end), device: client.slice(end + 1) }
}

/** The session in a hash of version 1, which had a field for each value, beside `expiresAt` and `v` such as `1:AbCdEf12:mwq2h8xk`. */
export function sessionInVersion1 (handle: string, hash: Record<string, string>): StoredSession | null {
  const { v = '', expiresAt = '' } = hash
  if (!v.startsWith(markOf(handle, 1)) || !/^\d{1,15}$/.test(expiresAt)) return null
  const record = decodeEachOfVersion1(hash)
  const session = record && fromVersion1(record)
  return session && { ...session, handle, expiresAt: Number(expiresAt) }
}

/** What a newer release wrote reads as absent and is never removed. */
export function isNewer ({ core = '' }: Record<string, string>): boolean {
  return Number(/^(\d{1,9}):/.exec(core)?.[1] ?? 0) > RECORD_VERSION
}
