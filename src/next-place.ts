import type { Config } from './config.ts'
import { pathHere } from './path-here.ts'

/**
 * Where a login leads to: a path of this site, or an address of an application that this login is for, at the host of
 * PUBLIC_URL or under COOKIE_DOMAIN; else null. Anywhere else would make of this site a link to whoever asks.
 */
export function nextPlace (next: string | undefined, config: Pick<Config, 'publicUrl' | 'cookieDomain'>): string | null {
  return pathHere(next, config.publicUrl) ?? addressNearby(next, config)
}

function addressNearby (next: string | undefined, config: Pick<Config, 'publicUrl' | 'cookieDomain'>): string | null {
  const url = next === undefined ? null : URL.parse(next)
  if (url === null || !isNearby(url, config)) return null
  return url.origin === config.publicUrl.origin ? pathHere(url.href.slice(url.origin.length), config.publicUrl) : url.href
}

/** Whether the session's cookie goes to this address too. */
export function isNearby ({ protocol, host, hostname, username, password }: URL, { publicUrl, cookieDomain }: Pick<Config, 'publicUrl' | 'cookieDomain'>): boolean {
  if (protocol !== publicUrl.protocol || username !== '' || password !== '') return false
  return host === publicUrl.host || (cookieDomain !== undefined && `.${hostname}`.endsWith(`.${cookieDomain}`))
}
