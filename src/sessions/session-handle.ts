import { hash, randomBytes } from 'node:crypto'

/** The secret in the cookie: 192 random bits. */
export function newSessionId (): string {
  return randomBytes(24).toString('base64url')
}

/**
 * The name under which a session is stored, listed and logged: the base64url SHA-256 of its id.
 * The id is 192 random bits, so a plain hash cannot be turned back and needs no salt.
 */
export function handleOf (sessionId: string): string {
  return hash('sha256', sessionId, 'base64url')
}
