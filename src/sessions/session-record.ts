import { areFields, asObject, decode, MAX_READ_CHARACTERS } from './session-fields.ts'
import { type Client, isTime, type Json, packCore, type SessionData, unpackCore } from './session.ts'
import type { StoredCore, StoredSession } from './session-store.ts'

/** Raised when the shape changes. Records of version 1 are still read; those of newer releases are left alone. */
export const RECORD_VERSION = 2

/** The part of a session that identifies somebody. */
export function coreOf (session: StoredSession | null): StoredCore | null {
  if (session === null) return null
  const { handle, core, lastSeenAt, expiresAt } = session
  return { handle, core, lastSeenAt, expiresAt }
}

/** A whole session as JSON. */
export function encodeAll ({ core, client, lastSeenAt, fields }: SessionData): string {
  return JSON.stringify({ core: packCore(core), client, lastSeenAt, fields })
}

/** Undoes encodeAll. @returns null when it is not one of ours */
export function decodeAll (text: string): SessionData | null {
  const { core: packed, client = null, lastSeenAt, fields: found } = objectIn(text) ?? {}
  const [core, fields] = [typeof packed === 'string' ? unpackCore(packed) : null, asObject(found)]
  if (core === null || fields === null || !areFields(fields)) return null
  return isClient(client) && isTime(lastSeenAt) ? { core, client, lastSeenAt, fields } : null
}

/** The object that a text of JSON holds, or null. */
export function objectIn (text: string): Record<string, Json> | null {
  return text.length > MAX_READ_CHARACTERS ? null : asObject(decode(text))
}

export function isClient (value: unknown): value is Client | null {
  const client = asObject(value)
  return value === null || (typeof client?.address === 'string' && typeof client.device === 'string')
}
