import type { Json, NewSession, SessionChanges, SessionFields, StoredSession } from './session-store.ts'

/*
 * What may be stored as a session, and what counts as one of ours when it is read back. The same for every store.
 */

/** Raised when records of the older shape must no longer be read. */
export const RECORD_VERSION = 1

// Far above any session: what is written must not fill the store, what was planted must not fill the memory.
const MAX_WRITTEN_FIELDS = 200
const MAX_WRITTEN_CHARACTERS = 65_536
const MAX_READ_CHARACTERS = 1_048_576

const OWNED_BY_STORES = ['v', 'expiresAt']

// Stored fields are copied onto the object of @fastify/session that has these members: one field named `save` breaks the request.
const MEMBERS_OF_A_SESSION = [
  'save', 'destroy', 'regenerate', 'reload', 'touch', 'options', 'get', 'set',
  'isModified', 'isSaved', 'cookie', 'sessionId', 'encryptedSessionId'
]

const reservedNames = new Set([...OWNED_BY_STORES, ...MEMBERS_OF_A_SESSION])

/** @throws TypeError for a session that would not be read back as it is */
export function checkNew ({ fields, expiresAt, endsAt }: NewSession): void {
  checkSize(fields, [])
  checkTimes(expiresAt, endsAt)
  if (!isOwner(fields.userId)) throw new TypeError('The userId of a session is a text, or there is none.')
}

/** @throws TypeError for changes that would not be read back as they are, or would hand the session to another user */
export function checkChanges ({ set, remove, renewal }: SessionChanges): void {
  checkSize(set, remove)
  if (renewal) checkTimes(renewal.expiresAt, renewal.endsAt)
  if ('userId' in set || remove.includes('userId')) throw new TypeError('A session never changes hands: userId stays.')
}

/** The fields after the changes. */
export function changedFields (fields: SessionFields, { set, remove }: SessionChanges): SessionFields {
  const kept = Object.entries(fields).filter(([name]) => !remove.includes(name))
  return { ...Object.fromEntries(kept), ...set }
}

/** The session with those of its fields that were asked for; with all when `only` is left out. */
export function withOnly (only: string[] | undefined, session: StoredSession | null): StoredSession | null {
  if (only === undefined || session === null) return session
  return { ...session, fields: Object.fromEntries(Object.entries(session.fields).filter(([name]) => only.includes(name))) }
}

/** The fields with each value as JSON. */
export function encodeEach (fields: SessionFields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(name, value)]))
}

/** What encodeEach made of the fields, turned back, without what the store has put beside them; null when it is not one of ours. */
export function decodeEach (encoded: Record<string, string>): SessionFields | null {
  // In one loop, as every request runs it.
  const fields: Record<string, unknown> = {}
  let characters = 0
  for (const name of Object.keys(encoded)) {
    if (OWNED_BY_STORES.includes(name)) continue
    const text = encoded[name]!
    characters += name.length + text.length
    if (characters > MAX_READ_CHARACTERS || isReserved(name)) return null
    fields[name] = decode(text)
    if (fields[name] === undefined) return null
  }
  return isOwner(fields.userId) ? fields as SessionFields : null
}

/** The fields in one JSON object; null when it is not one of ours. */
export function decodeAll (text: string): SessionFields | null {
  return text.length > MAX_READ_CHARACTERS ? null : asFields(decode(text))
}

function encode (name: string, value: Json): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`The session field ${name} holds what JSON cannot carry.`)
  return text
}

/** Undefined, which JSON cannot say, stands for a text that is no JSON. */
function decode (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function asFields (value: unknown): SessionFields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const fields = value as SessionFields
  const sound = Object.entries(fields).every(([name, field]) => field !== undefined && !isReserved(name))
  return sound && isOwner(fields.userId) ? fields : null
}

function checkSize (set: SessionFields, remove: string[]): void {
  const names = [...Object.keys(set), ...remove]
  const reserved = names.find(isReserved)
  if (reserved !== undefined) throw new TypeError(`A session has no room for a field named ${reserved}.`)
  const tooMuch = names.length > MAX_WRITTEN_FIELDS || charactersIn(encodeEach(set)) > MAX_WRITTEN_CHARACTERS
  if (tooMuch) throw new TypeError('A session does not hold that much.')
}

function checkTimes (...times: number[]): void {
  if (!times.every(Number.isSafeInteger)) throw new TypeError('The deadlines of a session are whole milliseconds.')
}

function isReserved (name: string): boolean {
  return reservedNames.has(name) || name in Object.prototype
}

function isOwner (userId: unknown): boolean {
  return userId === undefined || (typeof userId === 'string' && userId !== '')
}

function charactersIn (encoded: Record<string, string>): number {
  return Object.entries(encoded).reduce((sum, [name, text]) => sum + name.length + text.length, 0)
}
