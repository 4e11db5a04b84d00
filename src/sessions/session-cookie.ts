import { isIP } from 'node:net'

/** Where the service is reached, and where else its cookie is sent. */
export interface Site {
  publicUrl: URL
  cookieDomain: string | undefined
}

/** The cookie's attributes, from today's settings at every request; nothing about them is stored. */
export interface SessionCookie {
  name: string
  attributes: { path: '/', httpOnly: true, sameSite: 'lax', secure: boolean, domain?: string }
}

/**
 * `__Host-` makes the browser refuse the cookie unless it is Secure, has no Domain, and covers the whole host, so that
 * a sibling host cannot plant one (RFC 6265bis, 4.1.3.2). A shared domain cannot have that, but `__Secure-` it can.
 */
export function sessionCookie ({ publicUrl, cookieDomain }: Site): SessionCookie {
  const secure = publicUrl.protocol === 'https:'
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  if (cookieDomain !== undefined) return { name: '__Secure-session', attributes: { ...attributes, domain: cookieDomain } }
  return { name: secure ? '__Host-session' : 'session', attributes }
}

/**
 * Everywhere in the browser that a cookie of this name can lie which is sent here: on this host alone, as undefined,
 * or on a domain above it, where a former COOKIE_DOMAIN or a host next door has put it.
 */
export function cookieDomains ({ publicUrl: { hostname } }: Site): Array<string | undefined> {
  const labels = isIP(hostname) === 0 ? hostname.split('.') : []
  // The last label alone is nobody's domain, and browsers keep no cookie for it.
  return [undefined, ...labels.slice(0, -1).map((_label, at) => labels.slice(at).join('.'))]
}

/** Whether the browser keeps the cookie of an answer to a request that arrived by this protocol. */
export function isCarried ({ attributes }: SessionCookie, protocol: string): boolean {
  return !attributes.secure || protocol === 'https'
}
