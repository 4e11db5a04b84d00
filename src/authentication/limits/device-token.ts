import { createHmac, timingSafeEqual } from 'node:crypto'

/*
 * A browser that has logged into an account keeps a token that says so (OWASP, "Slow Down Online Guessing Attacks with
 * Device Cookies"). It grants no access: attempts made with it are counted separately, so that strangers who guess cannot
 * keep the owner out.
 */

export interface DeviceToken {
  /** Random. It stays the same when the token is issued again. */
  name: string
  userId: string
  /** The user's session epoch. Another epoch ends the token, as it ends sessions. */
  epoch: number
}

export function signDeviceToken ({ name, userId, epoch }: DeviceToken, [secret]: string[]): string {
  const payload = `${name}.${userId}.${epoch}`
  return `${payload}.${macOf(payload, secret!)}`
}

/** @returns null unless one of our secrets signed it; nothing of it is read before that is known */
export function readDeviceToken (token: string, secrets: string[]): DeviceToken | null {
  const end = token.lastIndexOf('.')
  const [payload, mac] = [token.slice(0, end), token.slice(end + 1)]
  if (!secrets.some(secret => isEqual(mac, macOf(payload, secret)))) return null
  const [name, userId, epoch] = payload.split('.') as [string, string, string]
  return { name, userId, epoch: Number(epoch) }
}

/**
 * Tokens of earlier releases are bound to an email. The last of them expire 400 days after the update.
 * @param email in canonical form
 * @returns the device's name when the token is one for this email, else null
 */
export function readEmailToken (token: string, email: string, secrets: string[]): string | null {
  const [name = '', mac = ''] = token.split('.')
  return secrets.some(secret => isEqual(mac, emailMacOf(name, email, secret))) ? name : null
}

// Each with a purpose in it, because the same secret signs the session cookie.
function macOf (payload: string, secret: string): string {
  return createHmac('sha256', secret).update(`device token\n${payload}`).digest('base64url')
}

function emailMacOf (name: string, email: string, secret: string): string {
  return createHmac('sha256', secret).update(`device\n${name}\n${email}`).digest('base64url')
}

function isEqual (given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
