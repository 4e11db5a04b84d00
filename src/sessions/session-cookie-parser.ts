import { hash } from 'node:crypto'
import type { Signer } from '@fastify/cookie'
import { LRUCache } from 'lru-cache'
import { handleOf } from './session-handle.ts'

/** Cookies whose signature was verified: saves an HMAC for each request of a program or proxy. */
const VERIFIED_MAX = 10_000

/**
 * From the header `Cookie` to the handle of the session that it opens, if its signature is one of ours.
 * Null with two cookies of the name: nobody can tell which one is ours (RFC 6265, 5.4).
 */
export function sessionCookieParser (cookieName: string, signer: Pick<Signer, 'unsign'>): (header: string | undefined) => string | null {
  // By their hash: who could read this memory would find no cookie in it.
  const verified = new LRUCache<string, string>({ max: VERIFIED_MAX })

  function verify (sent: string): string | null {
    const signed = decodeValue(sent)
    const { valid, value } = signed === null ? { valid: false, value: null } : signer.unsign(signed)
    return valid ? handleOf(value!) : null
  }

  return header => {
    const [sent, ...others] = cookieValues(header, cookieName)
    if (sent === undefined || others.length > 0) return null
    const key = hash('sha256', sent, 'base64')
    const known = verified.get(key)
    if (known !== undefined) return known
    const handle = verify(sent)
    if (handle !== null) verified.set(key, handle)
    return handle
  }
}

/**
 * Every value that was sent for a cookie, as it was sent. With a space before the `=`, or without one, it is another cookie: no
 * browser sends ours like that, and a neighbouring host could plant one without meeting the conditions of the prefix `__Host-`.
 */
export function cookieValues (header: string | undefined, cookieName: string): string[] {
  const values: string[] = []
  for (const untrimmed of header?.split(';') ?? []) {
    const pair = trimBlanks(untrimmed)
    if (pair.startsWith(`${cookieName}=`)) values.push(trimBlanks(pair.slice(cookieName.length + 1)))
  }
  return values
}

/**
 * The header without any cookie of this name, for a program that must not see it and that may recognize more spellings of
 * the name than we do: whatever whitespace is around it, and with a value or without.
 */
export function withoutCookie (header: string | undefined, cookieName: string): string {
  const pairs = header?.split(';').map(trimBlanks) ?? []
  return pairs.filter(pair => pair !== '' && pair.split('=', 1)[0]!.trim() !== cookieName).join('; ')
}

// trim() removes a no-break space as well, which is part of a name to a browser.
function trimBlanks (text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank (character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** @returns null for an invalid percent sequence */
export function decodeValue (value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
