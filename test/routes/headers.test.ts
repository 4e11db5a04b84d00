import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { latchkey } from '../../src/latchkey.ts'
import { redisSettings } from '../every-store.ts'
import { Browser, grace, openServer, openService, type Answer } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'

const json = { accept: 'application/json' }
const foreign = { 'sec-fetch-site': 'cross-site' }

/** An operator's two ways of running it, and how a browser reaches it. */
const ways = {
  http: { settings: {}, browser: {} },
  https: { settings: { PUBLIC_URL: 'https://login.example', TRUSTED_PROXIES: '127.0.0.1' }, browser: { headers: { 'x-forwarded-proto': 'https' } } }
}
type Way = keyof typeof ways

const everywhere = {
  'content-security-policy': "default-src 'none';style-src 'self';img-src 'self' data:;form-action 'self';frame-ancestors 'none';base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin'
}
const unused = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'display-capture']
/** They would tell an attacker what to look for. */
const telling = ['server', 'x-powered-by', 'via', 'x-aspnet-version', 'x-runtime', 'x-generator']

interface Expected { status?: number, isFile?: boolean }

function hasHeaders (t: Test, way: Way, { status, headers }: Pick<Answer, 'status' | 'headers'>, what: string, expected: Expected = {}) {
  if (expected.status !== undefined) t.equal(status, expected.status, what)
  const sent = Object.fromEntries(Object.keys(everywhere).map(name => [name, headers[name]]))
  t.strictSame(sent, everywhere, `${what} ${status}`)
  t.equal(headers['strict-transport-security'], way === 'https' ? 'max-age=31536000; includeSubDomains' : undefined, what)
  for (const feature of unused) t.match(headers['permissions-policy'], `${feature}=()`, what)
  if (expected.isFile) t.notMatch(headers['cache-control'], 'no-store', what)
  else t.equal(headers['cache-control'], 'no-store', what)
  // No other origin may read an answer.
  t.strictSame(Object.keys(headers).filter(name => name.startsWith('access-control-')), [], what)
  t.strictSame(telling.filter(name => name in headers), [], what)
  t.notMatch(Object.values(headers).join('\n'), /fastify|node\.?js|express|\d+\.\d+\.\d+/i, what)
}

/** Who passes is read by the proxy alone, and goes to no browser. */
function isForProxyOnly (t: Test, { headers, body }: Answer) {
  t.strictSame(Object.keys(headers).filter(name => name !== 'date' && name !== 'connection').toSorted(), ['cache-control', 'content-length', 'cookie', 'remote-email', 'remote-name', 'remote-session', 'remote-user'])
  t.strictSame([headers['cache-control'], body], ['no-store', ''])
}

async function openWithGrace (t: Test, way: Way, more: Parameters<typeof openService>[2] = {}) {
  const service = await openService(t, ways[way].settings, more)
  const browser = () => service.browser(ways[way].browser)
  const laptop = browser()
  t.equal((await laptop.signUp()).status, 303)
  return { ...service, browser, laptop }
}

for (const way of ['http', 'https'] as const) {
  t.test(`every route answers everybody with them, over ${way}`, async t => {
    const { app, config } = openServer(t, ways[way].settings)
    const routes: Array<[method: string, path: string]> = []
    app.addHook('onRoute', ({ method, url }) => { for (const one of [method].flat()) routes.push([one, url.replace(':handle', 'x'.repeat(43))]) })
    await app.register(latchkey, { config, drainMs: 0 })
    await app.ready()
    const [laptop, stranger] = [new Browser(app, ways[way].browser), new Browser(app, ways[way].browser)]
    await laptop.signUp()
    t.ok(routes.length > 50, `${routes.length} routes`)
    for (const [method, path] of routes) {
      const file = path.startsWith('/assets/') || path === '/favicon.ico'
      for (const [name, browser] of Object.entries({ laptop, stranger })) {
        for (const headers of [{}, json, foreign]) await ask(browser, name, method, path, headers, file)
      }
      if (!await laptop.isLoggedIn()) await laptop.logIn()
    }

    async function ask (browser: Browser, name: string, method: string, path: string, headers: Record<string, string>, isFile: boolean) {
      const body = method === 'POST' ? '' : undefined
      const answer = await browser.send(method as 'GET', path, { 'sec-fetch-site': 'same-origin', ...headers }, body)
      t.not(answer.status, 500)
      if (path.startsWith('/authz/') && answer.status === 200) return isForProxyOnly(t, answer)
      hasHeaders(t, way, answer, `${name} ${method} ${path} ${JSON.stringify(headers)}`, { isFile: isFile && answer.status < 400 })
    }
  })

  t.test(`every kind of answer has them, over ${way}`, async t => {
    const broken = async (app: FastifyInstance) => { app.get('/broken', async () => { throw new Error('broken') }) }
    const { laptop, browser, app } = await openWithGrace(t, way, { pages: broken })
    const form = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
    const etag = String((await browser().get('/assets/latchkey.css')).headers.etag)
    const kinds: Array<[what: string, answer: Promise<Answer>, expected: Expected]> = [
      ['a page', browser().get('/login'), { status: 200 }],
      ['a visit that sets a cookie', browser().get('/'), { status: 200 }],
      ['a page of a user', laptop.get('/account'), { status: 200 }],
      ['JSON of a user', laptop.get('/session', json), { status: 200 }],
      ['a download', laptop.get('/account/export'), { status: 200 }],
      ['health', browser().get('/health/ready'), { status: 200 }],
      ['a file', browser().get('/assets/pico.css'), { status: 200, isFile: true }],
      ['a part of a file', browser().get('/assets/pico.css', { range: 'bytes=0-9' }), { status: 206, isFile: true }],
      ['no part of a file', browser().get('/assets/pico.css', { range: 'bytes=99999999-' }), { status: 416 }],
      ['a file that the browser has', browser().get('/assets/latchkey.css', { 'if-none-match': etag }), { status: 304, isFile: true }],
      ['a file that has changed meanwhile', browser().get('/assets/latchkey.css', { 'if-match': '"other"' }), { status: 412 }],
      ['no file', browser().get('/assets/nothing.css'), { status: 404 }],
      ['a redirect', browser().get('/dashboard'), { status: 303 }],
      ['a login', browser().logIn(), { status: 303 }],
      ['an address that cannot be read', browser().get('/%ff'), { status: 400 }],
      ['a form that is wrong', browser().submit('/signup', {}), { status: 400 }],
      ['a wrong password', browser().logIn({ password: 'not the password at all' }), { status: 401 }],
      ['nobody', browser().get('/session', json), { status: 401 }],
      ['a foreign form', browser().submit('/login', grace, foreign), { status: 403 }],
      ['nothing there', laptop.get('/nothing'), { status: 404 }],
      ['nothing there, for a program', browser().get('/nothing', json), { status: 404 }],
      ['a method that no page has', laptop.send('DELETE', '/login', form), { status: 404 }],
      ['an account that exists', browser().signUp(), { status: 409 }],
      ['too large', browser().submit('/login', 'x'.repeat(20_000)), { status: 413 }],
      ['no form', browser().submit('/login', '{}', { 'content-type': 'application/json' }), { status: 415 }],
      ['a fault', laptop.get('/broken'), { status: 500 }]
    ]
    for (const [what, answer, expected] of kinds) hasHeaders(t, way, await answer, what, expected)
    for (let guess = 0; guess < 5; guess++) await browser().logIn({ email: 'nobody@example.com' })
    hasHeaders(t, way, await browser().logIn({ email: 'nobody@example.com' }), 'too many guesses', { status: 429 })
    app.stop.isAsked = true
    hasHeaders(t, way, await browser().get('/health/ready'), 'stopping', { status: 503 })
  })

  t.test(`a store that is down does not take them away, over ${way}`, async t => {
    const redis = await startRedisServer(t)
    const { app, browser } = await openService(t, { ...ways[way].settings, ...redisSettings(redis.url) })
    const laptop = browser(ways[way].browser)
    await laptop.signUp()
    await redis.stop()
    hasHeaders(t, way, await laptop.get('/dashboard'), 'a page', { status: 503 })
    hasHeaders(t, way, await laptop.get('/session', json), 'JSON', { status: 503 })
    hasHeaders(t, way, await laptop.logOut(), 'a logout', { status: 503 })
    hasHeaders(t, way, await browser().get('/health/ready'), 'health', { status: 503 })
    await app.close()
  })

  t.test(`what Node refuses before it is a request has them too, over ${way}`, async t => {
    const { app } = await openService(t, ways[way].settings)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const head = 'Host: localhost\r\nConnection: close\r\n'
    const requests: Record<string, [status: number, text: string]> = {
      'no HTTP': [400, 'garbage\r\n\r\n'],
      'no host': [400, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
      'two lengths': [400, `POST /login HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`],
      'large headers': [431, `GET / HTTP/1.1\r\n${head}X: ${'x'.repeat(20_000)}\r\n\r\n`],
      'an unknown expectation': [200, `GET /login HTTP/1.1\r\n${head}Expect: a-miracle\r\n\r\n`],
      'an upgrade': [200, 'GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'],
      'HTTP of 1996': [200, 'GET /login HTTP/1.0\r\n\r\n']
    }
    for (const [what, [status, text]] of Object.entries(requests)) hasHeaders(t, way, await say(port, text), what, { status })
    const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    app.server.once('connection', socket => app.server.emit('clientError', late, socket))
    hasHeaders(t, way, await say(port, ''), 'a sender who is too slow', { status: 408 })
  })
}

t.test('every answer says what it is, and in which character set', async t => {
  const { laptop, browser } = await openWithGrace(t, 'http')
  const types: Record<string, string[]> = {
    'text/html': ['/', '/about', '/account', '/nothing', '/%ff'],
    'text/css': ['/assets/pico.css', '/assets/latchkey.css'],
    'image/svg+xml': ['/favicon.ico', '/assets/favicon.svg', '/assets/keys.svg'],
    'application/json': ['/session', '/account/export', '/health/live', '/health/ready']
  }
  for (const [type, paths] of Object.entries(types)) {
    for (const path of paths) t.equal((await laptop.get(path)).headers['content-type'], `${type}; charset=utf-8`, path)
  }
  for (const path of ['/session', '/nothing', '/account']) t.equal((await browser().get(path, json)).headers['content-type'], 'application/json; charset=utf-8', path)
})

t.test('a logout has the browser drop what it kept', async t => {
  const { laptop, browser } = await openWithGrace(t, 'https')
  const cookie = String(laptop.cookies.get('__Host-session'))
  const kept = { 'clear-site-data': '"cache"' }
  t.match((await laptop.logOut()).headers, kept)
  const thief = browser()
  thief.cookies.set('__Host-session', cookie)
  t.match((await thief.get('/')).headers, kept, 'so does a session that has ended elsewhere')
  for (const path of ['/', '/session']) {
    for (const cookies of [cookie, `${cookie}; __Host-session=x`]) {
      t.match((await browser().send('GET', path, { cookie: `__Host-session=${cookies}` })).headers, kept, 'wherever it is met, alone or beside another')
    }
    t.equal((await browser().get(path)).headers['clear-site-data'], undefined)
  }
})

/** What the service answers to bytes, read as a browser reads it. */
async function say (port: number, text: string): Promise<Pick<Answer, 'status' | 'headers'>> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let answer = ''
  socket.setEncoding('latin1').on('data', piece => { answer += piece }).on('error', () => {})
  await once(socket, 'close')
  const [first = '', ...lines] = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n')
  const headers = Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  return { status: Number(first.split(' ')[1]), headers }
}
