import { decodeEach, encodeEach, RECORD_VERSION } from './session-record.ts'
import type { NewSession, StoredSession } from './session-store.ts'

/*
 * How a session lies in Redis: a hash with one field per top-level key, each value as JSON, and two fields of the store:
 * `expiresAt`, and `v` such as `1:AbCdEf12:mwq2h8xk`.
 */

/** Begins `v`: format and owner. No MAC, as who can write to Redis can forge it; it catches a record copied to another handle. */
export function markOf (handle: string): string {
  return `${RECORD_VERSION}:${handle.slice(0, 8)}:`
}

/** Ends with the time until which the index knows the session. In base 36, as it takes room in each session. */
export function versionOf (handle: string, endsAt: number): string {
  return markOf(handle) + endsAt.toString(36)
}

/** Names and values in turn, as HSET takes them. */
export function pairsOf ({ handle, fields, expiresAt, endsAt }: NewSession): string[] {
  const hash = { v: versionOf(handle, endsAt), expiresAt: String(expiresAt), ...encodeEach(fields) }
  return Object.entries(hash).flat()
}

/** The session in a hash, or null when it is not one of ours. */
export function sessionIn (handle: string, hash: Record<string, string>): StoredSession | null {
  const { v = '', expiresAt = '' } = hash
  const sound = v.startsWith(markOf(handle)) && /^\d{1,15}$/.test(expiresAt)
  const fields = sound ? decodeEach(hash) : null
  return fields && { handle, fields, expiresAt: Number(expiresAt) }
}

/** The user whose session it is, from the value of `userId` as it lies in the hash. */
export function ownerIn (text: string): string | null {
  const userId = decodeEach({ userId: text })?.userId
  return typeof userId === 'string' ? userId : null
}
