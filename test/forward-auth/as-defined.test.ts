import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { grace, openService, sqliteIn, type Service } from '../helper.ts'
import { configurations } from './proxies.ts'

/*
 * Traefik and Envoy are not run here. What they ask and what they do with the answer is done as their sources define it:
 * pkg/middlewares/auth/forward.go, pkg/middlewares/headers/header.go and pkg/muxer/http/matcher.go of Traefik 3,
 * ext_authz_http_impl.cc, check_request_utils.cc and conn_manager_utility.cc of Envoy.
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
  /**
   * The middlewares of the route that fits, one after the other. forwardAuth copies every header but the hop-by-hop ones, sets
   * what was asked for over what is there, asks with GET, and then takes away what the answer may set, or what a pattern fits.
   */
  traefik: async ({ app }, { method, host, target, headers }) => {
    const yaml = configuration('traefik.yaml')
    const route = traefikRoutes(yaml).findLast(({ upgrade }) => upgrade === null || upgrade.test(headers.Upgrade ?? ''))!
    const sent = lowerCased(headers)
    if (route.setsUpgrade === '') delete sent.upgrade
    else sent.upgrade = route.setsUpgrade
    const { connection: _connection, upgrade: _upgrade, ...copied } = sent
    const question = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-method': method, 'x-forwarded-proto': 'https', 'x-forwarded-host': host, 'x-forwarded-uri': target }
    const [, url = ''] = /address: (\S+)/.exec(yaml)!
    const answer = await app.inject({ url: new URL(url).pathname, headers: { ...copied, host: '127.0.0.1:3000', ...question } })
    if (answer.statusCode < 200 || answer.statusCode >= 300) return { status: answer.statusCode, headers: answer.headers }
    const named = /authResponseHeaders: \[(.*)\]/.exec(yaml)![1]!.toLowerCase().split(', ')
    const pattern = goPattern(/authResponseHeadersRegex: (.*)/.exec(yaml)![1]!)
    const kept = Object.fromEntries(Object.entries(without(sent, named)).filter(([name]) => !pattern.test(name)))
    return { passed: { ...kept, ...only(answer.headers, named) } }
  },

  /**
   * A filter in Lua takes headers away by name. ext_authz asks with the request's own method, host and path, the latter behind a
   * prefix, and the headers that are named. The route takes away some more.
   */
  envoy: async ({ app }, { method, host, target, headers }) => {
    const yaml = configuration('envoy.yaml')
    const upgrades = [...yaml.matchAll(/upgrade_type: (\w+)/g)].map(([, type]) => type)
    if (headers.Upgrade !== undefined && !upgrades.includes(headers.Upgrade.toLowerCase())) return { status: 403, headers: {} }
    const [, prefix = ''] = /path_prefix: (\S+)/.exec(yaml)!
    const pattern = new RegExp(/name:find\("(.*)"\)/.exec(yaml)![1]!.replace('%w', 'A-Za-z0-9'))
    // use_remote_address: what the client says of itself is taken away before any filter.
    const sent = { ...lowerCased(headers), 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' }
    const seen = Object.fromEntries(Object.entries(sent).filter(([name]) => pattern.test(name)))
    const answer = await app.inject({ method, url: prefix + target, headers: { 'content-length': '0', host, ...only(seen, exactly('allowed_headers')) } })
    if (answer.statusCode >= 500) return { status: 503, headers: {} }
    if (answer.statusCode !== 200) return { status: answer.statusCode, headers: only(answer.headers, [...exactly('allowed_client_headers'), 'location', 'www-authenticate', 'content-length']) }
    const [, removed = ''] = /request_headers_to_remove: \[(.*)\]/.exec(yaml)!
    return { passed: without({ ...seen, ...only(answer.headers, exactly('allowed_upstream_headers')) }, removed.split(', ')) }
  }
}

/** The two routes to the application, the one with the longer rule last, and what their middleware makes of Upgrade. */
function traefikRoutes (yaml: string): Array<{ upgrade: RegExp | null, setsUpgrade: string }> {
  const routes = [...yaml.matchAll(/rule: (.*Host\(`app.*)\n +middlewares: \[([\w-]+), latchkey\]/g)].map(([, rule = '', middleware = '']) => ({ rule, middleware }))
  return routes.toSorted((one, other) => one.rule.length - other.rule.length).map(({ rule, middleware }) => {
    const [, pattern] = /HeaderRegexp\(`Upgrade`, `(.*?)`\)/.exec(rule) ?? []
    const [, setsUpgrade = ''] = new RegExp(` ${middleware}:\\n +headers:\\n +customRequestHeaders: \\{ Upgrade: '?(\\w*)`).exec(yaml)!
    return { upgrade: pattern === undefined ? null : goPattern(pattern), setsUpgrade }
  })
}

function goPattern (text: string): RegExp {
  return new RegExp(text.replace('(?i)', ''), text.startsWith('(?i)') ? 'i' : '')
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
const misspelled = ['Remote_User', 'Remote.User', 'Remote~User', 'Remote+User', 'remote!email', 'Remote|Name', 'Remote-User_', '_Remote-User', 'REMOTE_GROUPS', 'Remote%Groups', 'X_Original_URL']
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

  t.test(`${name}: no header passes whose name has more than letters, digits and hyphens, nor one that names another path`, async t => {
    const { asHer } = await open(t)
    const lines = Object.fromEntries([...misspelled, 'Remote-Groups', 'X-Original-Url', 'X-Rewrite-URL'].map(name => [name, 'forged']))
    const outcome = await asHer('/page', { ...lines, 'X-Kept-1': 'kept' })
    t.match(outcome, { passed: { 'remote-email': grace.email, 'x-kept-1': 'kept' } })
    t.notMatch(JSON.stringify(outcome), 'forged')
  })

  t.test(`${name}: every cookie passes but the session’s`, async t => {
    const { laptop, ask } = await open(t)
    const mine = `__Secure-session=${laptop.cookies.get('__Secure-session')}`
    const spellings: Array<[sent: string, left: string]> = [[mine, ''], [`a=b; ${mine}; c=d`, 'a=b; c=d'], [`${mine}; __Secure-session=planted`, ''], ['a=b', 'a=b'], [`${mine}; __Secure-session`, '']]
    for (const [sent, left] of spellings) {
      t.match(await ask('/public', { Cookie: sent }), { passed: { cookie: left === '' ? /^$/ : left } }, sent)
    }
  })

  t.test(`${name}: no upgrade passes but to WebSocket`, async t => {
    const { asHer } = await open(t)
    for (const upgrade of ['websocket', 'WebSocket']) t.match(await asHer('/page', { Connection: 'Upgrade', Upgrade: upgrade }), { passed: { upgrade: /^websocket$/i } })
    for (const upgrade of ['h2c', 'websocket, h2c', 'h2c, websocket', 'TLS/1.0', 'xwebsocket', 'websocket/13']) {
      t.notMatch(JSON.stringify(await asHer('/page', { Connection: 'Upgrade', Upgrade: upgrade })), `"upgrade":"${upgrade}"`, upgrade)
    }
  })

  t.test(`${name}: when nobody can know, nobody passes`, async t => {
    const { service, asHer } = await open(t)
    sqliteIn(service.app).close()
    t.match(await asHer('/'), { status: 503 })
  })
}

t.test('Envoy checks the path that the application gets, and takes an encoded slash for none', async t => {
  for (const line of ['normalize_path: true', 'merge_slashes: true', 'path_with_escaped_slashes_action: REJECT_REQUEST', 'use_remote_address: true']) t.match(configuration('envoy.yaml'), line)
})

t.test('neither leads from outside to the question that it asks', async t => {
  t.match(configuration('traefik.yaml'), 'Host(`login.example.com`) && !PathPrefix(`/authz/`)')
  t.match(configuration('envoy.yaml'), /match: \{ prefix: \/authz\/ \}\n +direct_response: \{ status: 404 \}/)
})
