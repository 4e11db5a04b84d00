import type { IncomingHttpHeaders } from 'node:http'

const SAFE_METHODS = new Set(['GET', 'HEAD'])

/** Whether a request of this method only looks. */
export function changesNothing (method: string): boolean {
  return SAFE_METHODS.has(method)
}

/**
 * Whether a request shows that it comes from our own pages: the browser says so itself in Sec-Fetch-Site
 * (W3C Fetch Metadata), which no page can forge; without it, Origin has to be ours. Neither: no.
 */
export function isFromOurPages (headers: IncomingHttpHeaders, ourOrigin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return headers.origin === ourOrigin
}
