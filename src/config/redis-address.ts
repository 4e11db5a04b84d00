/** Where Redis is: one server, whichever server the sentinels say is the master, or the nodes of a Cluster. */
export type RedisAddress =
  | { kind: 'server', url: string }
  | { kind: 'sentinel' | 'cluster', nodes: RedisNode[], master: string, username?: string, password?: string, tls?: object }

export interface RedisNode { host: string, port: number }

const DEFAULT_PORTS = { sentinel: 26_379, cluster: 6379 }

/** `redis+sentinel://user:password@h1:p,h2:p/master-name`, `redis+cluster://…`; `rediss` is the same over TLS, and so are `valkey` and `valkeys`. */
const ofMany = /^(?:redis|valkey)(?<secure>s?)\+(?<kind>sentinel|cluster):\/\/(?:(?<username>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<nodes>[^@/]+)(?:\/(?<master>[\w.-]+))?$/

/** Reads a REDIS_URL. @returns null when it is none */
export function redisAddress (url: string): RedisAddress | null {
  const match = ofMany.exec(url)
  if (match === null) return serverAt(url)
  const { secure, username = '', password = '', nodes = '', master = '', ...groups } = match.groups!
  const kind = groups.kind as keyof typeof DEFAULT_PORTS
  const read = nodes.split(',').map(node => nodeIn(node, DEFAULT_PORTS[kind]))
  const access = decoded({ username, password })
  if (access === null || read.includes(null) || (master === '') !== (kind === 'cluster')) return null
  return { kind, nodes: read as RedisNode[], master, ...access, ...(secure ? { tls: {} } : {}) }
}

/** With the scheme in lower case: ioredis would connect to `REDISS:` without TLS. */
function serverAt (url: string): RedisAddress | null {
  const secure = /^(?:redis|valkey)(s?):$/.exec(URL.parse(url)?.protocol ?? '')?.[1]
  return secure === undefined ? null : { kind: 'server', url: `redis${secure}${url.slice(url.indexOf(':'))}` }
}

function nodeIn (text: string, defaultPort: number): RedisNode | null {
  const url = URL.parse(`http://${text}`)
  if (url === null || url.href !== `http://${url.host}/`) return null
  const given = /:(\d+)$/.exec(text)?.[1]
  const port = given === undefined ? defaultPort : Number(given)
  if (port === 0) return null
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

/** What of them was given. @returns null when it is not URL-encoded text */
function decoded (given: Record<string, string>): Record<string, string> | null {
  try {
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '').map(([name, value]) => [name, decodeURIComponent(value)]))
  } catch {
    return null
  }
}
