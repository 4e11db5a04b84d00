import { domainToASCII } from 'node:url'

/** RFC 5321, 4.5.3.1: what a mail server has to take. */
export const EMAIL_MAX = 254
const MAX_LOCAL_OCTETS = 64

/** What nobody can see, or is not allowed outside quotes: two addresses that look alike must not be two accounts. */
const FORBIDDEN_IN_LOCAL_PART = /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800"(),:;<>[\\\]]/u
/** Domain parsing would take these for the end of the domain or for an escape, and leave out the rest. */
const FORBIDDEN_IN_HOST = /[\s/?#\\%:[\]]/
/** Labels of letters, digits and inner hyphens (RFC 1123, 2.1), the last one not a number, or it would be an IP address. */
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * One identity in one form: trimmed, lower-cased, then NFC, the domain as A-labels (RFC 5890).
 * @returns null for what cannot be an address
 */
export function canonicalEmail (input: string): string | null {
  const [local, host, ...rest] = input.trim().toLowerCase().normalize('NFC').split('@')
  if (!local || !host || rest.length > 0) return null
  if (FORBIDDEN_IN_LOCAL_PART.test(local) || Buffer.byteLength(local) > MAX_LOCAL_OCTETS || FORBIDDEN_IN_HOST.test(host)) return null
  const domain = domainToASCII(host)
  const email = `${local}@${domain}`
  return DOMAIN.test(domain) && email.length <= EMAIL_MAX ? email : null
}
