import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { canonicalEmail } from '../users/email-address.ts'

/*
 * A browser that has logged into an account keeps a token that says so (OWASP, "Slow Down Online Guessing Attacks with
 * Device Cookies"). It opens nothing: guesses made with it are counted on their own, so that strangers who guess cannot
 * keep the owner out.
 */

/** The token of a device that has just logged into the account: a random name, and a proof bound to name and account. */
export function newDeviceToken (email: string, [secret]: string[]): string {
  const name = randomBytes(16).toString('base64url')
  return `${name}.${proofOf(name, email, secret!)}`
}

/** @returns the device's name when the token is one for this account, signed with one of our secrets; else null */
export function knownDevice (token: string | undefined, email: string, secrets: string[]): string | null {
  const [name = '', proof = ''] = token?.split('.') ?? []
  return secrets.some(secret => isEqual(proof, proofOf(name, email, secret))) ? name : null
}

function proofOf (name: string, email: string, secret: string): string {
  // With a purpose in it, as the same secret signs the session cookie.
  return createHmac('sha256', secret).update(`device\n${name}\n${canonicalEmail(email) ?? ''}`).digest('base64url')
}

function isEqual (given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
