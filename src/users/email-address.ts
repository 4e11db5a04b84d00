import { domainToASCII } from 'node:url'

/** RFC 5321, 4.5.3.1: what a mail server has to take. */
const MAX_LENGTH = 254
const MAX_LOCAL_LENGTH = 64

/**
 * One identity in one form: trimmed, NFC, lower-cased, the domain as A-labels (RFC 5890).
 * @returns null for what cannot be an address
 */
export function canonicalEmail (input: string): string | null {
  const [local, host, ...rest] = input.trim().normalize('NFC').toLowerCase().split('@')
  if (!local || !host || rest.length > 0) return null
  // No spaces, no control or invisible format characters: two addresses that look alike must not be two accounts.
  if (/[\s\p{C}"(),:;<>[\\\]]/u.test(local) || local.length > MAX_LOCAL_LENGTH) return null
  const domain = domainToASCII(host)
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain)) return null
  const email = `${local}@${domain}`
  return email.length > MAX_LENGTH ? null : email
}
