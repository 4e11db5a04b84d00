import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { SessionSigner } from './remembered-signatures.ts'
import { handleOf } from './session-handle.ts'

/** Cookies that were found to open a session, lately. Shorter than asking the signer, which also remembers, and nothing is asked more often. */
const VERIFIED_MAX = 10_000

/**
 * From the header `Cookie` to the handle of the session that it opens, if its signature is one of ours.
 * Null with two cookies of the name: nobody can tell which one is ours (RFC 6265, 5.4).
 */
export function sentSession (cookieName: string, signer: SessionSigner): (header: string | undefined) => string | null {
  // By their hash: who could read this memory would find no cookie in it.
  const verified = new LRUCache<string, string>({ max: VERIFIED_MAX })

  function verify (sent: string): string | null {
    const signed = decoded(sent)
    const { valid, value } = signed === null ? { valid: false, value: null } : signer.unsign(signed)
    return valid ? handleOf(value!) : null
  }

  return header => {
    const [sent, ...others] = sentValues(header, cookieName)
    if (sent === undefined || others.length > 0) return null
    const key = hash('sha256', sent, 'base64')
    const known = verified.get(key)
    if (known !== undefined) return known
    const handle = verify(sent)
    if (handle !== null) verified.set(key, handle)
    return handle
  }
}

/** Every value that was sent for a cookie, as it was sent. */
export function sentValues (header: string | undefined, cookieName: string): string[] {
  if (header === undefined) return []
  const values: string[] = []
  for (const pair of header.split(';')) {
    const end = pair.indexOf('=')
    if (isNamed(end < 0 ? pair : pair.slice(0, end), cookieName)) values.push(pair.slice(end + 1).trim())
  }
  return values
}

// trim() takes a no-break space away as well. To a browser that is part of another name, which misses the prefix `__Host-`
// and which a host next door can plant therefore.
function isNamed (name: string, cookieName: string): boolean {
  return name.trim() === cookieName && !name.includes('\u00a0')
}

function decoded (value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
