import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'

/** The request that a client sent to the application, as the proxy before it describes it. */
export interface OriginalRequest {
  /** The whole URL, which can be parsed. */
  url: string
  hostname: string
  /** As it was sent, without the query. */
  path: string
  /** Whether it can be repeated after a login: GET or HEAD. */
  isRepeatable: boolean
}

/** Envoy puts this before the target of the original request. */
export const ENVOY_PREFIX = '/authz/envoy'

/** One host name, an IPv4 address or an IPv6 address in brackets, and maybe a port. */
const authority = /^(?<name>[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

// Parsed once, as the same few are sent again and again.
const hostnames = new LRUCache<string, string>({ max: 1_000, memoMethod: parseHostname })

/** nginx: the whole URL in one header. @returns null if it isn't one */
export function originalRequestOfNginx (headers: IncomingHttpHeaders): OriginalRequest | null {
  const [, scheme, host, target] = /^(https?):\/\/([^/]+)(\/.*)$/.exec(single(headers['x-original-url'])) ?? []
  return originalRequest(scheme, host, target, single(headers['x-original-method']) || 'GET')
}

/** Caddy and Traefik. @returns null if they don't describe one */
export function originalRequestOfForwarded (headers: IncomingHttpHeaders): OriginalRequest | null {
  return originalRequest(
    single(headers['x-forwarded-proto']), single(headers['x-forwarded-host']), single(headers['x-forwarded-uri']), single(headers['x-forwarded-method'])
  )
}

/** Envoy: the original request itself, with a prefix before its target. @returns null if it isn't one */
export function originalRequestOfEnvoy (headers: IncomingHttpHeaders, method: string, target: string): OriginalRequest | null {
  return originalRequest(single(headers['x-forwarded-proto']), headers.host, target.slice(ENVOY_PREFIX.length), method)
}

/**
 * Whether this is a client's own request, which the proxy forwarded because it was sent to this host.
 * A question that the proxy asks about a request to an application carries the host of the application, or the proxy's name for us.
 */
export function isForwardedTo (hostname: string, headers: IncomingHttpHeaders): boolean {
  const hosts = single(headers['x-forwarded-host']) || single(headers.host)
  return hosts.toLowerCase().split(',').some(host => host.trim().replace(/:\d*$/, '').replace(/\.$/, '') === hostname)
}

function originalRequest (scheme = '', host = '', target = '', method = ''): OriginalRequest | null {
  // What was sent twice has a space in it.
  if (!/^https?$/.test(scheme) || !target.startsWith('/') || target.includes(' ')) return null
  const hostname = hostnames.memo(host)
  if (hostname === '') return null
  return { url: `${scheme}://${host}${target}`, hostname, path: target.split('?', 1)[0]!, isRepeatable: method === 'GET' || method === 'HEAD' }
}

/** Empty for a host that a URL spells in another way, such as 0x7f.1 or 127.1: a rule must mean the host that the application sees. */
function parseHostname (host: string): string {
  const name = authority.exec(host)?.groups!.name!.toLowerCase()
  return name !== undefined && URL.parse(`http://${host}`)?.hostname === name ? name : ''
}

/** Node joins what was sent twice with a comma and a space. */
function single (value: string | string[] | undefined): string {
  return String(value ?? '')
}
