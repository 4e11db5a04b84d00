import { encodeAll, decodeAll, objectIn, RECORD_VERSION } from '../sessions/session-record.ts'
import { fromVersion1 } from '../sessions/session-record-version-1.ts'
import type { StoredSession } from '../sessions/session-store.ts'

/** A session in a table, the same in SQLite and PostgreSQL. */
export interface SessionRow {
  handle: string
  /** Null for a visitor. */
  userId: string | null
  version: number
  /** JSON of the whole session. */
  fields: string
  expiresAt: number
}

export function rowOf (session: StoredSession): SessionRow {
  const { handle, core, expiresAt } = session
  return { handle, userId: core.login?.userId ?? null, version: RECORD_VERSION, fields: encodeAll(session), expiresAt }
}

/** @returns null when it is not one of ours */
export function sessionIn ({ handle, userId, version, fields: text, expiresAt }: SessionRow): StoredSession | null {
  const session = Number.isSafeInteger(expiresAt) ? decode(version, text) : null
  return session !== null && (session.core.login?.userId ?? null) === userId ? { ...session, handle, expiresAt } : null
}

/** What a newer release wrote reads as absent and is never removed. */
export function isNewer ({ version }: SessionRow): boolean {
  return version > RECORD_VERSION
}

function decode (version: number, text: string) {
  if (version === RECORD_VERSION) return decodeAll(text)
  const record = version === 1 ? objectIn(text) : null
  return record && fromVersion1(record)
}
