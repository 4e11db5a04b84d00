import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'

/** What somebody asks the application for, as the proxy before it tells. */
export interface Asked {
  /** The whole address, which can be parsed. */
  address: string
  hostname: string
  /** The path as it was sent, before anything was resolved in it. */
  path: string
  /** Whether the answer can be asked for again, after a login. */
  isRead: boolean
}

const host = /^(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

// Read once, as the same few are asked for again and again. Behind the host nothing can make an address one that cannot be parsed.
const hostnames = new LRUCache<string, string>({ max: 1_000, memoMethod: site => URL.parse(site)?.hostname ?? '' })

/** nginx: the whole address in one header. @returns null for what is no address */
export function askedOfNginx (headers: IncomingHttpHeaders): Asked | null {
  const [, scheme, given, path] = /^(https?):\/\/([^/]+)(\/.*)$/.exec(one(headers['x-original-url'])) ?? []
  return asked(scheme, given, path, one(headers['x-original-method']) || 'GET')
}

/** Caddy and Traefik. @returns null for what is no address */
export function askedOfForwarded (headers: IncomingHttpHeaders): Asked | null {
  return asked(one(headers['x-forwarded-proto']), one(headers['x-forwarded-host']), one(headers['x-forwarded-uri']), one(headers['x-forwarded-method']))
}

/** Envoy sends the request's own host, method and path, the latter behind a prefix. @returns null for what is no address */
export function askedOfEnvoy (headers: IncomingHttpHeaders, method: string, path: string): Asked | null {
  return asked(one(headers['x-forwarded-proto']), headers.host, path, method)
}

function asked (scheme = '', given = '', path = '', method = ''): Asked | null {
  // What stands behind a # is no part of an address to us, but to the application it can be.
  if (!/^https?$/.test(scheme) || !host.test(given) || !path.startsWith('/') || path.includes('#')) return null
  const hostname = hostnames.memo(`${scheme}://${given}`)
  return hostname === '' ? null : { address: `${scheme}://${given}${path}`, hostname, path: path.split('?', 1)[0]!, isRead: method === 'GET' || method === 'HEAD' }
}

/** Node joins what was sent twice with a comma, which fits no address. */
function one (value: string | string[] | undefined): string {
  return String(value ?? '')
}
