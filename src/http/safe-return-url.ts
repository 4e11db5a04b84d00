import { safeReturnPath } from './return-to.ts'
import type { Site } from '../sessions/session-cookie.ts'

/**
 * Where a login leads to: a path of this site, or an address of an application that this login is for, at the host of
 * PUBLIC_URL or under COOKIE_DOMAIN; else null. Anywhere else would make of this site a link to whoever asks.
 */
export function safeReturnUrl (next: string | undefined, site: Site): string | null {
  return safeReturnPath(next, site.publicUrl) ?? addressNearby(next, site)
}

function addressNearby (next: string | undefined, site: Site): string | null {
  const url = next === undefined ? null : URL.parse(next)
  if (url === null || !sharesSession(url, site)) return null
  return url.origin === site.publicUrl.origin ? safeReturnPath(url.href.slice(url.origin.length), site.publicUrl) : url.href
}

/** Whether the session's cookie goes to this address too. */
export function sharesSession ({ protocol, host, hostname, username, password }: URL, { publicUrl, cookieDomain }: Site): boolean {
  if (protocol !== publicUrl.protocol || username !== '' || password !== '') return false
  return host === publicUrl.host || (cookieDomain !== undefined && `.${hostname}`.endsWith(`.${cookieDomain}`))
}
