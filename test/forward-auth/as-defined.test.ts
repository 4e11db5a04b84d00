import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { grace, openService, sqliteIn, type Service } from '../helper.ts'
import { configurations } from './proxies.ts'

/*
 * Traefik and Envoy are not run here. What they ask and what they do with the answer is done as their sources define it:
 * pkg/middlewares/auth/forward.go of Traefik 3, ext_authz_http_impl.cc and check_request_utils.cc of Envoy.
 */

interface Asking {
  method: 'GET' | 'POST'
  host: string
  target: string
  headers: Record<string, string>
}

/** What the proxy does: passes the request on, with these headers, or answers by itself. */
type Outcome = { passed: Record<string, string> } | { status: number, headers: Record<string, unknown> }
type Proxy = (service: Service, asking: Asking) => Promise<Outcome>

const configuration = (name: string) => readFileSync(join(configurations, name), 'utf8')

const proxies: Record<string, Proxy> = {
  /** Copies every header but the hop-by-hop ones, sets what was asked for over what is there, and asks with GET. */
  traefik: async ({ app }, { method, host, target, headers }) => {
    const { Connection: _connection, Upgrade: _upgrade, ...copied } = headers
    const [, url = ''] = /address: (\S+)/.exec(configuration('traefik.yaml'))!
    const question = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-method': method, 'x-forwarded-proto': 'https', 'x-forwarded-host': host, 'x-forwarded-uri': target }
    const answer = await app.inject({ url: new URL(url).pathname, headers: { ...lowerCased(copied), host: '127.0.0.1:3000', ...question } })
    if (answer.statusCode < 200 || answer.statusCode >= 300) return { status: answer.statusCode, headers: answer.headers }
    const named = /authResponseHeaders: \[(.*)\]/.exec(configuration('traefik.yaml'))![1]!.toLowerCase().split(', ')
    return { passed: { ...without(lowerCased(headers), named), ...only(answer.headers, named) } }
  },

  /** Asks with the request's own method, host and path, the latter behind a prefix, and the headers that are named. */
  envoy: async ({ app }, { method, host, target, headers }) => {
    const [, prefix = ''] = /path_prefix: (\S+)/.exec(configuration('envoy.yaml'))!
    // use_remote_address: what the client says of itself is taken away before any filter.
    const seen = { ...lowerCased(headers), 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' }
    const answer = await app.inject({ method, url: prefix + target, headers: { 'content-length': '0', host, ...only(seen, exactly('allowed_headers')) } })
    if (answer.statusCode >= 500) return { status: 503, headers: {} }
    if (answer.statusCode !== 200) return { status: answer.statusCode, headers: only(answer.headers, [...exactly('allowed_client_headers'), 'location', 'www-authenticate', 'content-length']) }
    const named = exactly('allowed_upstream_headers')
    return { passed: { ...seen, ...only(answer.headers, named) } }
  }
}

/** The names that envoy.yaml lists under a key. */
function exactly (key: string): string[] {
  const [, list = ''] = new RegExp(` ${key}:\\n +patterns:\\n((?: +- exact: .+\\n)+)`).exec(configuration('envoy.yaml'))!
  return [...list.matchAll(/exact: (.+)/g)].map(([, name = '']) => name)
}

function lowerCased (headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function only (headers: Record<string, unknown>, names: string[]): Record<string, string> {
  return Object.fromEntries(names.filter(name => headers[name] !== undefined).map(name => [name, String(headers[name])]))
}

function without (headers: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}

const forged = {
  'Remote-User': 'forged',
  'Remote-Email': 'forged',
  'Remote-Name': 'forged',
  'Remote-Session': 'forged',
  'X-Forwarded-Host': 'wiki.example.com',
  'X-Forwarded-Uri': '/public',
  'X-Forwarded-Method': 'POST',
  'X-Forwarded-Proto': 'http',
  'X-Original-URL': 'https://app.example.com/public'
}
const rules = 'app.example.com/public anyone; app.example.com/hers ada@example.com; wiki.example.com anyone'

for (const [name, through] of Object.entries(proxies)) {
  const open = async (t: Parameters<typeof openService>[0]) => {
    const service = await openService(t, { PUBLIC_URL: 'https://login.example.com', COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1', FORWARD_AUTH_RULES: rules })
    const laptop = service.browser({ headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'login.example.com' } })
    await laptop.signUp()
    const cookie = `__Secure-session=${laptop.cookies.get('__Secure-session')}`
    const ask = async (target: string, headers: Record<string, string> = {}, method: Asking['method'] = 'GET') =>
      await through(service, { method, host: 'app.example.com', target, headers: { Accept: 'text/html', ...headers } })
    return { service, laptop, ask, asHer: (target: string, headers = {}, method: Asking['method'] = 'GET') => ask(target, { Cookie: cookie, ...headers }, method) }
  }

  t.test(`${name}: who is logged in passes with an identity, everybody else is sent to the login`, async t => {
    const { laptop, ask, asHer } = await open(t)
    t.match(await ask('/page?a=1'), { status: 303, headers: { location: /^https:\/\/login\.example\.com\/login\?next=https%3A%2F%2Fapp\.example\.com%2Fpage%3Fa%3D1$/ } })
    t.match(await ask('/form', {}, 'POST'), { status: 303, headers: { location: /\/login$/ } })
    t.match(await ask('/', { 'X-Requested-With': 'XMLHttpRequest' }), { status: 401, headers: { location: undefined } })
    t.match(await ask('/', { Accept: 'application/json' }), { status: 401 })
    t.match(await asHer('/form', { 'Content-Type': 'application/json' }, 'POST'), { passed: { 'remote-email': grace.email, 'remote-name': 'Grace Hopper' } })
    await laptop.logOut()
    t.match(await asHer('/'), { status: 303 })
  })

  t.test(`${name}: what a client forges changes nothing`, async t => {
    const { service, ask, asHer } = await open(t)
    const user = (await service.app.users.findByEmail(grace.email))!
    const [{ handle } = { handle: '' }] = await service.app.sessions.listOf(user.id)
    t.match(await ask('/page', forged), { status: 303, headers: { location: /app\.example\.com%2Fpage$/ } })
    t.match(await asHer('/page', forged), { passed: { 'remote-user': user.id, 'remote-email': grace.email, 'remote-name': 'Grace Hopper', 'remote-session': handle } })
    t.match(await ask('/public', forged), { passed: { 'remote-user': '', 'remote-email': '', 'remote-name': '', 'remote-session': '' } })
    t.match(await asHer('/hers', forged), { status: 403 })
  })

  t.test(`${name}: when nobody can know, nobody passes`, async t => {
    const { service, asHer } = await open(t)
    sqliteIn(service.app).close()
    t.match(await asHer('/'), { status: 503 })
  })
}
