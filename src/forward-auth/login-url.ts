import { sharesSession } from '../http/safe-return-url.ts'
import { RETURN_TO_MAX_LENGTH } from '../http/return-to.ts'
import type { Site } from '../sessions/session-cookie.ts'
import type { OriginalRequest } from './original-request.ts'

/** The login, which leads back to the original request if it can be repeated: a form that was sent would be lost on the way. */
export function loginUrl ({ url, isRepeatable }: OriginalRequest, site: Site): string {
  const back = new URL(url)
  const canReturn = isRepeatable && back.href.length <= RETURN_TO_MAX_LENGTH && sharesSession(back, site)
  return `${site.publicUrl.origin}/login${canReturn ? `?next=${encodeURIComponent(back.href)}` : ''}`
}
