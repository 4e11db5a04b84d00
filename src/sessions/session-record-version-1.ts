import { areFields, decodeEach, isOwnedByVersion1 } from './session-fields.ts'
import { isClient } from './session-record.ts'
import { isSound, isTime, type Json, type Login, type SessionData } from './session.ts'

/** Undoes encodeEach for a record of version 1, without what Redis had beside it. @returns null when it is not one of ours */
export function decodeEachOfVersion1 (encoded: Record<string, string>): Record<string, Json> | null {
  return decodeEach(encoded, ['v', 'expiresAt'], name => name in Object.prototype)
}

/** A record of version 1, in which everything was side by side. @returns null when it is not one of ours */
export function fromVersion1 (record: Record<string, Json>): SessionData | null {
  const { userId, startedAt, lastSeenAt, device = 'Unknown device', address = '' } = record
  if (!isTime(startedAt) || !isTime(lastSeenAt)) return null
  const core = { startedAt, login: userId === undefined ? null : loginIn(record) }
  const client = core.login && { address, device }
  const fields = Object.fromEntries(Object.entries(record).filter(([name]) => !isOwnedByVersion1(name)))
  return isSound(core) && isClient(client) && areFields(fields) ? { core, client, lastSeenAt, fields } : null
}

/** Its types are checked with the core's. */
function loginIn ({ userId, epoch, remembered = false, startedAt, authenticatedAt = startedAt }: Record<string, Json>): Login {
  return { userId, epoch, remembered, proofs: [{ method: 'pwd', at: authenticatedAt }] } as Login
}
