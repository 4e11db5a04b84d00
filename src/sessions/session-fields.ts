import type { Json, SessionFields } from './session.ts'
import type { SessionChanges } from './session-store.ts'

/*
 * The part of a session that applications use: which names a field can have, and how a field becomes text and is read back.
 */

/** What is read must not fill the memory, whoever wrote it. */
export const MAX_READ_CHARACTERS = 1_048_576

const OWNED_BY_STORES = ['core', 'seen', 'client']

/** In version 1 of the record they were among an application's fields. */
const OWNED_BY_VERSION_1 = [
  'v', 'expiresAt', 'userId', 'epoch', 'startedAt', 'lastSeenAt', 'remembered', 'device', 'address', 'authenticatedAt'
]

// Fields are copied onto the object of @fastify/session that has these members: one field named `save` breaks the request.
const MEMBERS_OF_A_SESSION = [
  'save', 'destroy', 'regenerate', 'reload', 'touch', 'options', 'get', 'set',
  'isModified', 'isSaved', 'cookie', 'sessionId', 'encryptedSessionId', 'snapshot'
]

const reservedNames = new Set([...OWNED_BY_STORES, ...OWNED_BY_VERSION_1, ...MEMBERS_OF_A_SESSION])

export function isReserved (name: string): boolean {
  return reservedNames.has(name) || name in Object.prototype
}

export function isOwnedByVersion1 (name: string): boolean {
  return OWNED_BY_VERSION_1.includes(name)
}

/** Whether an application could have written all of them. */
export function areFields (value: Record<string, Json>): value is SessionFields {
  return !Object.keys(value).some(isReserved)
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
export function decodeEach (encoded: Record<string, string>, ownedByStore = OWNED_BY_STORES, isForbidden = isReserved): SessionFields | null {
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

/** @returns null for what JSON calls something else */
export function asObject (value: unknown): Record<string, Json> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, Json> : null
}
