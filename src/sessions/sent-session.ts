import type { Signer } from '@fastify/cookie'
import { handleOf } from './session-handle.ts'

/**
 * From the header `Cookie` to the handle of the session that it opens, if its signature is one of ours.
 * Null with two cookies of the name: nobody can tell which one is ours (RFC 6265, 5.4).
 */
export function sentSession (cookieName: string, signer: Pick<Signer, 'unsign'>): (header: string | undefined) => string | null {
  return header => {
    const [sent, ...others] = sentValues(header, cookieName)
    const signed = sent === undefined || others.length > 0 ? null : decoded(sent)
    if (signed === null) return null
    const { valid, value } = signer.unsign(signed)
    return valid ? handleOf(value) : null
  }
}

/** Every value that was sent for a cookie, as it was sent. */
export function sentValues (header: string | undefined, cookieName: string): string[] {
  if (header === undefined) return []
  const pairs = header.split(';').filter(pair => pair.split('=', 1)[0]!.trim() === cookieName)
  return pairs.map(pair => pair.slice(pair.indexOf('=') + 1).trim())
}

function decoded (value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
