import { timingSafeEqual } from 'node:crypto'
import type { Signer } from '@fastify/cookie'
import { LRUCache } from 'lru-cache'
import { handleOf } from './session-handle.ts'

export type SessionSigner = Pick<Signer, 'sign' | 'unsign'>

/** Signatures that were found right lately. */
const SIGNATURES_MAX = 10_000

/**
 * The signer of session ids, with a memory: each request has its signature checked, a page view also made anew, which takes
 * longer than what is done with the session. What an older secret signed is not remembered.
 */
export function rememberedSignatures (signer: SessionSigner): SessionSigner {
  // By handle: who could read this memory would find no cookie in it.
  const signatures = new LRUCache<string, string>({ max: SIGNATURES_MAX })

  return {
    sign (id) {
      const signature = signatures.get(handleOf(id))
      return signature === undefined ? signer.sign(id) : `${id}.${signature}`
    },
    unsign (signed) {
      const { id, signature } = partsOf(signed)
      const handle = handleOf(id)
      const known = signatures.get(handle)
      if (known !== undefined && isSame(signature, known)) return { valid: true, renew: false, value: id }
      const unsigned = signer.unsign(signed)
      if (unsigned.valid && !unsigned.renew) signatures.set(handle, signature)
      return unsigned
    }
  }
}

function partsOf (signed: string): { id: string, signature: string } {
  const end = signed.lastIndexOf('.')
  return { id: signed.slice(0, end), signature: signed.slice(end + 1) }
}

function isSame (sent: string, known: string): boolean {
  const [one, other] = [Buffer.from(sent), Buffer.from(known)]
  return one.length === other.length && timingSafeEqual(one, other)
}
