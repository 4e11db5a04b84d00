import type { FastifyHttpOptions, RawRequestDefaultExpression } from 'fastify'
import type { Server } from 'node:http'
import { addressOf } from '../http/client-address.ts'
import { clientErrorAnswer } from '../http/client-error.ts'
import type { Config } from './config.ts'
import { serializeError } from '../observability/error-serializer.ts'
import { ENVOY_PREFIX } from '../forward-auth/original-request.ts'
import { logStream } from '../observability/log-stream.ts'
import { securityHeaders } from '../http/security-headers.ts'

const START_TIMEOUT_MS = 60_000
const BODY_LIMIT_BYTES = 16 * 1024
/** Cuts a slow sender, and so bounds how long one can hold up a stop. */
const REQUEST_TIMEOUT_MS = 8_000
/** Cuts a client who asks for page after page and takes none of them. Longer than any answer takes. */
const STANDSTILL_MS = 30_000
/** Longer than proxies keep an idle connection (nginx 60 s, Traefik 90 s, Caddy 120 s): a form must not meet one that is about to close. */
const KEEP_ALIVE_MS = 125_000

/** What of a path stands in the log. */
const LOGGED_PATH_MAX = 256

/** Where an address goes that has no host, or two, or cannot be decoded: Node or the router would answer it past our pages and headers. */
export const UNREADABLE_ADDRESS = '/unreadable-address'

/** How the server listens. The three timeouts only work together: Node looks for late requests at each check. */
export function serverOptions (config: Config) {
  const { logLevel, trustedProxies } = config
  return {
    logger: {
      level: logLevel,
      stream: logStream,
      // Without the query: a form sent as GET by mistake would put a password in the log.
      serializers: {
        req: (request: { method: string, url: string, ip: string }) => ({ method: request.method, path: request.url.split('?', 1)[0]!.slice(0, LOGGED_PATH_MAX), address: addressOf(request) }),
        err: (error: Error) => serializeError(error)
      }
    },
    // Fastify's ten seconds are too few for a busy machine that reads everything from a cold disk.
    pluginTimeout: START_TIMEOUT_MS,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    // While it stops it still answers; /health/ready tells whoever asks to go elsewhere.
    return503OnClosing: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: STANDSTILL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      // Node would refuse such a request by itself, past our pages and headers.
      requireHostHeader: false
    },
    clientErrorHandler: clientErrorAnswer(securityHeaders(config)),
    // As long as a request line may be: by itself the router answers a long part of an address in a way of its own.
    routerOptions: { maxParamLength: 16 * 1024 },
    rewriteUrl: request => hasOneHost(request) ? readable(pathOf(request.url!)) : UNREADABLE_ADDRESS,
    // A form is taken as it was sent or refused: nothing is turned into another type, nothing is dropped silently.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } }
  } satisfies FastifyHttpOptions<Server>
}

/** HTTP/1.1 asks for one (RFC 9112, 3.2). Of two, a proxy in front may have looked at the other. */
function hasOneHost ({ rawHeaders, httpVersion }: RawRequestDefaultExpression<Server>): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at]!)) hosts++
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0')
}

function isHost (name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host'
}

/** Servers must take the absolute form too (RFC 9112, 3.2.2), but what is loaded here knows paths only. */
function pathOf (target: string): string {
  if (target.startsWith('/')) return target
  const url = URL.parse(target)
  return url === null ? `/${target}` : `${url.pathname}${url.search}`
}

function readable (url: string): string {
  // Behind the prefix is the path of another program, and the route decides whether it can be read.
  if (url.startsWith(`${ENVOY_PREFIX}/`)) return `${ENVOY_PREFIX}/`
  if (!url.includes('%')) return url
  try {
    decodeURIComponent(url.split('?', 1)[0]!)
    return url
  } catch {
    return UNREADABLE_ADDRESS
  }
}
