import { randomBytes } from 'node:crypto'
import type { NewSession } from '../src/sessions/session-store.ts'

const HOUR_MS = 3_600_000

/** A session as a login makes it, or a visitor's for null. @param at epoch milliseconds of the login */
export function sessionOf (userId: string | null, { at = Date.now(), epoch = 1, handle = randomBytes(32).toString('base64url') } = {}): NewSession {
  const login = userId === null ? null : { userId, epoch, remembered: false, proofs: [{ method: 'pwd' as const, at }] }
  const client = login && { address: '203.0.113.17', device: 'Firefox on Linux' }
  return { handle, core: { startedAt: at, login }, client, lastSeenAt: at, fields: {}, expiresAt: at + HOUR_MS, endsAt: at + 24 * HOUR_MS }
}
