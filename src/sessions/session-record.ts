import { type Client, isSound, type Json, type Login, packCore, type SessionData, type SessionFields, unpackCore } from './session.ts'
import type { NewSession, SessionChanges, StoredCore, StoredSession } from './session-store.ts'

/*
 * What may be stored as a session, and what counts as one of ours when it is read back. The same for every store.
 */

/** Raised when the shape changes. Records of version 1 are still read; those of newer releases are left alone. */
export const RECORD_VERSION = 2

// Far above any session: what is written must not fill the store, what was planted must not fill the memory.
const MAX_WRITTEN_FIELDS = 200
const MAX_WRITTEN_CHARACTERS = 65_536
const MAX_READ_CHARACTERS = 1_048_576

const OWNED_BY_STORES = ['core', 'seen', 'client']

/** In version 1 these lay beside an application's fields, and `v` and `expiresAt` in Redis. */
const OWNED_BY_VERSION_1 = ['v', 'expiresAt', 'userId', 'epoch', 'startedAt', 'lastSeenAt', 'remembered', 'device', 'address', 'authenticatedAt']

// An application's fields are copied onto the object of @fastify/session that has these members: one field named `save` breaks the request.
const MEMBERS_OF_A_SESSION = [
  'save', 'destroy', 'regenerate', 'reload', 'touch', 'options', 'get', 'set',
  'isModified', 'isSaved', 'cookie', 'sessionId', 'encryptedSessionId', 'snapshot'
]

const reservedNames = new Set([...OWNED_BY_STORES, ...OWNED_BY_VERSION_1, ...MEMBERS_OF_A_SESSION])

/** @throws TypeError for a session that would not be read back as it is */
export function checkNew ({ core, client, lastSeenAt, fields, expiresAt, endsAt }: NewSession): void {
  checkSize(fields, [])
  checkTimes(lastSeenAt, expiresAt, endsAt)
  if (!isSound(core) || !isClient(client) || (client === null) !== (core.login === null)) throw new TypeError('A session has another shape.')
}

/** @throws TypeError for changes that would not be read back as they are */
export function checkChanges ({ set, remove, renewal }: SessionChanges): void {
  checkSize(set, remove)
  if (renewal) checkTimes(renewal.lastSeenAt, renewal.expiresAt, renewal.endsAt)
}

/** The part of a session that identifies somebody. */
export function coreOf (session: StoredSession | null): StoredCore | null {
  if (session === null) return null
  const { handle, core, lastSeenAt, expiresAt } = session
  return { handle, core, lastSeenAt, expiresAt }
}

/** The fields after the changes. */
export function changedFields (fields: SessionFields, { set, remove }: SessionChanges): SessionFields {
  const kept = Object.entries(fields).filter(([name]) => !remove.includes(name))
  return { ...Object.fromEntries(kept), ...set }
}

/** The fields with each value as JSON. */
export function encodeEach (fields: SessionFields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(name, value)]))
}

/** Reverses encodeEach, leaving out what the store put beside the fields. @returns null when it is not one of ours */
export function decodeEach (encoded: Record<string, string>, ownedByStore = OWNED_BY_STORES, isForbidden = isUnsafe): SessionFields | null {
  // In one loop, as every request runs it.
  const fields: Record<string, unknown> = {}
  let characters = 0
  for (const name of Object.keys(encoded)) {
    if (ownedByStore.includes(name)) continue
    const text = encoded[name]!
    characters += name.length + text.length
    if (characters > MAX_READ_CHARACTERS || isForbidden(name)) return null
    fields[name] = decode(text)
    if (fields[name] === undefined) return null
  }
  return fields as SessionFields
}

/** The same for a record of version 1, see `fromVersion1`. */
export function decodeEachOfVersion1 (encoded: Record<string, string>): Record<string, Json> | null {
  return decodeEach(encoded, ['v', 'expiresAt'], name => name in Object.prototype)
}

/** A whole session as JSON. */
export function encodeAll ({ core, client, lastSeenAt, fields }: SessionData): string {
  return JSON.stringify({ core: packCore(core), client, lastSeenAt, fields })
}

/** Reverses encodeAll. @param version of the record, at most today's. @returns null when it is not one of ours */
export function decodeAll (version: number, text: string): SessionData | null {
  const record = text.length > MAX_READ_CHARACTERS ? null : asObject(decode(text))
  if (record === null) return null
  if (version === 1) return fromVersion1(record)
  const { core: packed, client = null, lastSeenAt, fields: found } = record
  const [core, fields] = [typeof packed === 'string' ? unpackCore(packed) : null, asObject(found)]
  if (version !== RECORD_VERSION || core === null || fields === null || !areSafe(fields)) return null
  return isClient(client) && isTime(lastSeenAt) ? { core, client, lastSeenAt, fields } : null
}

/** A record of version 1, in which everything lay side by side. */
export function fromVersion1 (record: Record<string, Json>): SessionData | null {
  const { userId, epoch, startedAt, lastSeenAt, remembered = false, device = 'Unknown device', address = '', authenticatedAt = startedAt } = record
  if (!isTime(startedAt) || !isTime(lastSeenAt)) return null
  const login = userId === undefined ? null : { userId, epoch, remembered, proofs: [{ method: 'pwd', at: authenticatedAt }] } as Login
  const client = login && { address, device }
  const fields = Object.fromEntries(Object.entries(record).filter(([name]) => !OWNED_BY_VERSION_1.includes(name)))
  return isSound({ startedAt, login }) && isClient(client) && areSafe(fields) ? { core: { startedAt, login }, client, lastSeenAt, fields } : null
}

function isClient (value: unknown): value is Client | null {
  const client = asObject(value)
  return value === null || (typeof client?.address === 'string' && typeof client.device === 'string')
}

function encode (name: string, value: Json): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`The session field ${name} has a value that JSON cannot carry.`)
  return text
}

/** Undefined, which JSON cannot say, means that the text is not JSON. */
export function decode (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function asObject (value: unknown): Record<string, Json> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, Json> : null
}

function areSafe (fields: SessionFields): boolean {
  return !Object.keys(fields).some(isUnsafe)
}

function checkSize (set: SessionFields, remove: string[]): void {
  const names = [...Object.keys(set), ...remove]
  const reserved = names.find(isUnsafe)
  if (reserved !== undefined) throw new TypeError(`A session can't have a field named ${reserved}.`)
  const tooMuch = names.length > MAX_WRITTEN_FIELDS || charactersIn(encodeEach(set)) > MAX_WRITTEN_CHARACTERS
  if (tooMuch) throw new TypeError('A session cannot store that much.')
}

function checkTimes (...times: number[]): void {
  if (!times.every(isTime)) throw new TypeError('The times of a session are whole milliseconds.')
}

function isTime (value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isUnsafe (name: string): boolean {
  return reservedNames.has(name) || name in Object.prototype
}

function charactersIn (encoded: Record<string, string>): number {
  return Object.entries(encoded).reduce((sum, [name, text]) => sum + name.length + text.length, 0)
}
