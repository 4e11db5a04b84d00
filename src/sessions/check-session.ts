import { encodeEach, isReserved } from './session-fields.ts'
import { isClient } from './session-record.ts'
import { isSound, isTime, type SessionFields } from './session.ts'
import type { NewSession, SessionChanges } from './session-store.ts'

// Far above any session: what is written must not fill the store.
const MAX_WRITTEN_FIELDS = 200
const MAX_WRITTEN_CHARACTERS = 65_536

/** @throws TypeError for a session that would not be read back as it is */
export function checkNew ({ core, client, lastSeenAt, fields, expiresAt, endsAt }: NewSession): void {
  checkSize(fields, [])
  checkTimes(lastSeenAt, expiresAt, endsAt)
  const isWhole = isSound(core) && isClient(client) && (client === null) === (core.login === null)
  if (!isWhole) throw new TypeError('A session has another shape.')
}

/** @throws TypeError for changes that would not be read back as they are */
export function checkChanges ({ set, remove, renewal }: SessionChanges): void {
  checkSize(set, remove)
  if (renewal) checkTimes(renewal.lastSeenAt, renewal.expiresAt, renewal.endsAt)
}

function checkSize (set: SessionFields, remove: string[]): void {
  const names = [...Object.keys(set), ...remove]
  const reserved = names.find(isReserved)
  if (reserved !== undefined) throw new TypeError(`A session can't have a field named ${reserved}.`)
  const tooMuch = names.length > MAX_WRITTEN_FIELDS || charactersIn(encodeEach(set)) > MAX_WRITTEN_CHARACTERS
  if (tooMuch) throw new TypeError('A session cannot store that much.')
}

function checkTimes (...times: number[]): void {
  if (!times.every(isTime)) throw new TypeError('The times of a session are whole milliseconds.')
}

function charactersIn (encoded: Record<string, string>): number {
  return Object.entries(encoded).reduce((sum, [name, text]) => sum + name.length + text.length, 0)
}
