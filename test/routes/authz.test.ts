import t, { type Test } from 'tap'
import { disableAccount } from '../../src/accounts/disable-account.ts'
import { onSqliteAndRedis } from '../every-store.ts'
import { freePort } from '../free-port.ts'
import { type Browser, grace, MINUTE_MS, openService, sqliteIn, type Service, type Settings } from '../helper.ts'
import { openWire } from '../wire.ts'

const proxied = { PUBLIC_URL: 'https://login.example.com', COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1' }
const overHttps = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'login.example.com' }

type Ask = (browser: Browser, original?: string, headers?: Record<string, string>) => ReturnType<Browser['get']>

/** As it is written: a URL would normalize the path. */
function parts (url = 'https://app.example.com/page?a=1') {
  const [, scheme = '', host = '', target = ''] = /^(https?):\/\/([^/]+)(.*)$/.exec(url)!
  return { url, scheme, host, target }
}

const forwarded = (path: string): Ask => (browser, original, headers = {}) => {
  const { scheme, host, target } = parts(original)
  return browser.get(path, { 'x-forwarded-proto': scheme, 'x-forwarded-host': host, 'x-forwarded-uri': target, 'x-forwarded-method': 'GET', ...headers })
}

/** How each proxy asks whether somebody may pass to an address, and how it is sent to the login. */
const proxies: Record<string, { ask: Ask, toLogin: number }> = {
  nginx: {
    ask: (browser, original, headers = {}) => {
      const { url, host } = parts(original)
      return browser.get('/authz/nginx', { 'x-original-url': url, 'x-forwarded-host': host, ...headers })
    },
    toLogin: 401
  },
  caddy: { ask: forwarded('/authz/caddy'), toLogin: 303 },
  traefik: { ask: forwarded('/authz/traefik'), toLogin: 303 },
  envoy: {
    ask: (browser, original, headers = {}) => {
      const { scheme, host, target } = parts(original)
      return browser.get(`/authz/envoy${target}`, { host, 'x-forwarded-proto': scheme, 'x-forwarded-host': '', ...headers })
    },
    toLogin: 303
  }
}

function behindProxy ({ browser }: Service): Browser {
  return browser({ headers: overHttps })
}

function withEveryProxy (t: Test, name: string, fact: (t: Test, proxy: { ask: Ask, toLogin: number }) => Promise<void>) {
  for (const [proxy, how] of Object.entries(proxies)) t.test(`${proxy}: ${name}`, t => fact(t, how))
}

/** The same, with one service for all of them. */
function withAllProxies (t: Test, name: string, settings: Settings, fact: (t: Test, proxy: { ask: Ask, toLogin: number, service: Service }) => Promise<void>) {
  t.test(name, async t => {
    const service = await openService(t, { ...proxied, ...settings })
    for (const [proxy, how] of Object.entries(proxies)) await t.test(proxy, t => fact(t, { ...how, service }))
  })
}

withEveryProxy(t, 'who is not logged in is sent to the login, which leads back', async (t, { ask, toLogin }) => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  const answer = await ask(laptop)
  t.match(answer, { status: toLogin, location: 'https://login.example.com/login?next=https%3A%2F%2Fapp.example.com%2Fpage%3Fa%3D1', body: '', setCookies: [] })
  t.equal(answer.headers['cache-control'], 'no-store')
  await laptop.signUp()
  await laptop.logOut()
  const { body } = await laptop.get('/login?next=https%3A%2F%2Fapp.example.com%2Fpage%3Fa%3D1')
  t.match(body, 'value="https://app.example.com/page?a=1"')
  t.match(await laptop.logIn({ next: 'https://app.example.com/page?a=1' }), { status: 303, location: 'https://app.example.com/page?a=1' })
})

withEveryProxy(t, 'who is logged in passes, and the application learns who it is', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp({ ...grace, first_name: 'Zoë 名', last_name: 'O’Hopper' })
  const { user } = (await laptop.get('/session')).json<{ user: { id: string } }>()
  const answer = await ask(laptop)
  t.match(answer, { status: 200, body: '', setCookies: [] })
  t.match(answer.headers, { 'remote-user': user.id, 'remote-email': grace.email, 'remote-session': /^[\w-]{43}$/, 'cache-control': 'no-store' })
  t.equal(Buffer.from(String(answer.headers['remote-name']), 'latin1').toString(), 'Zoë 名 O’Hopper')
})

withEveryProxy(t, 'who was revoked or disabled does not pass any more', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const [laptop, phone] = [behindProxy(service), behindProxy(service)]
  await laptop.signUp()
  await phone.logIn()
  t.equal((await ask(phone)).status, 200)
  await laptop.submit('/account/devices/revoke-others')
  t.not((await ask(phone)).status, 200)
  const user = (await service.app.users.findByEmail(grace.email))!
  await disableAccount(service.app.transact, user.id, new Date())
  t.not((await ask(laptop)).status, 200)
})

withEveryProxy(t, 'a program is told 401, without a way to the login', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const programs: Array<Record<string, string>> = [{ accept: 'application/json' }, { 'x-requested-with': 'XMLHttpRequest' }, { 'sec-fetch-mode': 'cors' }]
  for (const headers of programs) t.match(await ask(behindProxy(service), undefined, headers), { status: 401, location: undefined, body: '' })
})

withEveryProxy(t, 'only a trusted proxy is believed', async (t, { ask }) => {
  const service = await openService(t, { ...proxied, TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8, 192.0.2.1' })
  const from = (address: string) => ask(service.browser({ headers: overHttps, address }))
  for (const address of ['127.0.0.1', '11.0.0.1', 'fe80::1', '192.0.2.2']) t.match(await from(address), { status: 400, body: '' }, address)
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1', '192.0.2.1']) t.not((await from(address)).status, 400, address)
})

withEveryProxy(t, 'an application elsewhere gets nobody sent back to it', async (t, { ask, toLogin }) => {
  const service = await openService(t, proxied)
  for (const url of ['https://app.example.org/', 'http://app.example.com/', 'https://example.com.evil.example/']) {
    t.match(await ask(behindProxy(service), url), { status: toLogin, location: 'https://login.example.com/login' }, url)
  }
})

withEveryProxy(t, 'rules decide by host and path; the wrong user is a 403', async (t, { ask }) => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: 'app.example.com/public anyone; app.example.com/admin @admins.example.com; app.example.com/hers grace@example.com' })
  const [laptop, stranger] = [behindProxy(service), behindProxy(service)]
  await laptop.signUp()
  const status = async (browser: Browser, path: string) => (await ask(browser, `https://app.example.com${path}`)).status
  t.strictSame([await status(laptop, '/public'), await status(laptop, '/hers/x'), await status(laptop, '/admin'), await status(laptop, '/')], [200, 200, 403, 200])
  t.equal(await status(stranger, '/public/x'), 200)
  const passed = await ask(stranger, 'https://app.example.com/public/x')
  for (const name of ['remote-user', 'remote-email', 'remote-name', 'remote-session']) t.equal(passed.headers[name], '', `${name} is there, and empty`)
  t.equal(await status(laptop, '/public/..%2fadmin'), 403, 'a path that can be read in two ways')
})

const documented = 'app.example.com/public anyone; app.example.com/admin boss@example.com; app.example.com users'

t.test('a path that is not normalized is a 403, for those whom not every rule of the host lets pass', async t => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: documented })
  const { say } = await openWire(service.app)
  const [laptop, boss] = [behindProxy(service), behindProxy(service)]
  await laptop.signUp()
  await boss.signUp({ ...grace, email: 'boss@example.com' })
  const cookies = ['a=b', ...[laptop, boss].map(({ cookies }) => `__Secure-session=${cookies.get('__Secure-session')}`)]
  const questions: Record<string, (path: string) => string[]> = {
    nginx: path => ['GET /authz/nginx HTTP/1.1', 'Host: latchkey', `X-Original-URL: https://app.example.com:443${path}`],
    forwarded: path => ['GET /authz/traefik HTTP/1.1', 'Host: latchkey', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: app.example.com', `X-Forwarded-Uri: ${path}`],
    envoy: path => [`GET /authz/envoy${path} HTTP/1.1`, 'Host: app.example.com', 'X-Forwarded-Proto: https']
  }
  const paths = ['/public/a\\b/../../admin/x', '/public/../admin//../public/x', '/y/../admin//../x', '/y%2fz/../%61dmin/x', '/admin%23', '/admin%3f', '/admin%00', '/C%23', '/public%5c..%5cadmin', '/x;y', '/.', '//']
  const invalid = ['/%', '/public/%zz', '/public/%ff', '/public/%c0%ae%c0%ae/admin', '/%u002e']
  for (const [proxy, question] of Object.entries(questions)) {
    const statuses = async (path: string) => await Promise.all(cookies.map(async cookie => (await say([...question(path), `Cookie: ${cookie}`, 'Accept: text/html', 'Connection: close', '', ''].join('\r\n'))).status))
    for (const path of paths) t.strictSame(await statuses(path), [403, 403, 200], `${proxy} ${path}`)
    for (const path of invalid) t.strictSame(await statuses(path), [403, 403, 403], `${proxy} ${path}`)
    // As bytes, which a request line of ours cannot have, but a header can.
    t.strictSame([await statuses('/caf\u00c3\u00a9'), await statuses('/caf\u00c3')], proxy === 'envoy' ? [[400, 400, 400], [400, 400, 400]] : [[403, 403, 200], [403, 403, 403]])
  }
  const refused = (code: string, isKnown: boolean) => service.log.filter(({ event, outcome, user }) => event === 'refused' && outcome === code && (user !== undefined) === isKnown).length
  t.strictSame([refused('PATH_AMBIGUOUS', false), refused('PATH_AMBIGUOUS', true), refused('PATH_INVALID', false)], [3 * paths.length + 2, 3 * paths.length + 2, 9 * invalid.length + 6])
})

withEveryProxy(t, 'where a login is all that every rule requires, it is so for every path', async (t, { ask, toLogin }) => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: 'app.example.com/public anyone; app.example.com users' })
  const [stranger, laptop] = [behindProxy(service), behindProxy(service)]
  await laptop.signUp()
  for (const path of ['/C%23', '/a;b']) {
    t.match(await ask(stranger, `https://app.example.com${path}`), { status: toLogin, location: `https://login.example.com/login?next=${encodeURIComponent(`https://app.example.com${path}`)}` }, path)
    t.equal((await ask(laptop, `https://app.example.com${path}`)).status, 200, path)
  }
})

withAllProxies(t, 'what is no request to one valid host is a 400', { FORWARD_AUTH_RULES: '* anyone' }, async (t, { ask, service }) => {
  const status = async (host: string) => (await ask(behindProxy(service), undefined, { 'x-original-url': `https://${host}/`, 'x-forwarded-host': host, host })).status
  for (const host of ['app.example.com', 'app.example.com:443', 'APP.example.com', 'app_1.example.com', '192.0.2.1', '[::1]:8443', 'localhost']) t.equal(await status(host), 200, host)
  const hosts = [
    'app.example.com,wiki.example.com', 'app.example.com, wiki.example.com', 'app.example.com;wiki.example.com', 'app.example.com wiki.example.com', 'user@app.example.com', 'wiki.example.com:x@app.example.com', 'app.example.com:', 'app.example.com:99999',
    'app.example.com:443:443', 'app.example.com:+443', 'app.example.com.', 'app..example.com', '.app.example.com', '%61pp.example.com', 'app%2eexample.com', 'app.example.com%00', 'app.example.com#', 'app.example.com?', 'app.example.com\\', 'app\u00adexample.com',
    'app\u3002example.com', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '[::0001]', '[::1', '::1', ' ', '*', '*.example.com', "app.example.com'", '"app.example.com"', 'a b', 'app.example.com\t', '[v1.a]', '[fe80::1%25eth0]'
  ]
  for (const host of hosts) t.equal(await status(host), 400, JSON.stringify(host))
})

withAllProxies(t, 'what describes no request is a 400', { FORWARD_AUTH_RULES: '* anyone' }, async (t, { ask, service }) => {
  const wrong: Array<Record<string, string>> = [
    { 'x-original-url': '/page', 'x-forwarded-uri': 'page', 'x-forwarded-proto': 'ftp' },
    { 'x-original-url': 'ftp://app.example.com/', 'x-forwarded-proto': 'https, http' },
    { 'x-original-url': '', 'x-forwarded-uri': '', 'x-forwarded-proto': '' },
    { 'x-original-url': 'https://app.example.com', 'x-forwarded-uri': 'https://app.example.com/', 'x-forwarded-proto': 'HTTPS' },
    { 'x-original-url': 'https://app.example.com/public, https://app.example.com/admin', 'x-forwarded-uri': '/public, /admin', 'x-forwarded-proto': 'https,https' },
    { 'x-original-url': 'https://app.example.com?/public', 'x-forwarded-uri': '?/public', 'x-forwarded-proto': '//' },
    { 'x-original-url': 'https:///public', 'x-forwarded-uri': '*', 'x-forwarded-proto': ' ' }
  ]
  for (const headers of wrong) t.match(await ask(behindProxy(service), undefined, headers), { status: 400, body: '' }, JSON.stringify(headers))
})

withAllProxies(t, 'what a client sends to the login’s host is no question of the proxy', { FORWARD_AUTH_RULES: '* anyone' }, async (t, { ask, service }) => {
  t.equal((await ask(behindProxy(service))).status, 200)
  for (const host of ['login.example.com', 'LOGIN.example.com', 'login.example.com:443', 'login.example.com.', 'login.example.com.:443', 'app.example.com, login.example.com', 'login.example.com,app.example.com']) {
    t.match(await ask(behindProxy(service), undefined, { 'x-forwarded-host': host }), { status: 400, body: '' }, host)
  }
  const hosts = { 'x-forwarded-host': '', host: 'login.example.com' }
  t.match(await ask(behindProxy(service), undefined, hosts), { status: 400, body: '' })
})

t.test('the proxy’s question has one spelling: another one comes from a client', async t => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: '* anyone' })
  const { say } = await openWire(service.app)
  const about = ['Host: app.example.com', 'X-Original-URL: https://app.example.com/', 'X-Forwarded-Host: app.example.com', 'X-Forwarded-Proto: https', 'X-Forwarded-Uri: /', 'Connection: close']
  const status = async (target: string) => (await say([`GET ${target} HTTP/1.1`, ...about, '', ''].join('\r\n'))).status
  for (const path of ['/authz/nginx', '/authz/nginx?x', '/authz/caddy', '/authz/traefik', '/authz/envoy/']) t.equal(await status(path), 200, path)
  const spellings = [
    '/%61uthz/nginx', '/authz%2fnginx', '/%61%75%74%68%7a/nginx', '/AUTHZ/nginx', '/Authz/nginx', '//authz/nginx', '/authz//nginx', '/./authz/nginx', '/x/../authz/nginx', '/authz/./nginx', '/authz/x/../nginx', '/authz;x/nginx', '/authz/nginx/', '/authz/nginx;x', '\\authz\\nginx', '/authz%5cnginx',
    '/%2561uthz/nginx', '/%61uthz/envoy/', '/%61uthz/%65nvoy/public', '/authz%2Fenvoy/', '/authz', '/authz/', '/authz%00/nginx', '/authz%20/nginx', '/authz/%20nginx', '/%e0%81%a1uthz/nginx', '/%EF%BD%81uthz/nginx', '/authz/nginx%23', '/authz/nginx%3f', '/authz/NGINX', '/authz%252fnginx', '/authz/nginx.json',
    'http://app.example.com/authz/nginx', 'http://app.example.com/x/../authz/nginx', 'https://app.example.com/authz/envoy/', '/authz/envoy', '/authz/envoy%2f', '*'
  ]
  for (const path of spellings) t.ok([400, 404].includes(await status(path)), path)
})

withEveryProxy(t, 'the application gets every cookie but the session’s', async (t, { ask }) => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: '* anyone' })
  const laptop = behindProxy(service)
  await laptop.signUp()
  const mine = `__Secure-session=${laptop.cookies.get('__Secure-session')}`
  const left = async (cookie: string) => (await ask(behindProxy(service), undefined, { cookie })).headers.cookie
  const spellings = [
    mine, `${mine};`, ` ${mine}`, `${mine}; ${mine}`, `${mine}; __Secure-session=planted`, `__Secure-session=planted; ${mine}`, `${mine}; __Secure-session`, `__Secure-session; ${mine}`, `${mine}; __Secure-session =x`, `\t${mine}\t`, `${mine};__Secure-session=;__Secure-session = x ; __Secure-session\t="y"`,
    `${mine}; \u00a0__Secure-session=x`, `${mine}=${mine}`, `__Secure-session="${mine}"`, Array(50).fill(mine).join('; ')
  ]
  for (const cookie of spellings) {
    t.equal(await left(cookie), '', cookie.replaceAll(mine, '…'))
    t.equal(await left(`a=b; ${cookie}; c=d;e`), 'a=b; c=d; e', cookie.replaceAll(mine, '…'))
  }
  t.equal(await left(`a="x; ${mine}; y"; b=z`), 'a="x; y"; b=z', 'in quotes, which browsers do not know')
  t.equal(await left('x__Secure-session=1; __Secure-session2=2; a=__Secure-session=3; __Host-session=4;;'), 'x__Secure-session=1; __Secure-session2=2; a=__Secure-session=3; __Host-session=4')
  t.equal((await ask(behindProxy(service))).headers.cookie, '')
})

withEveryProxy(t, 'who is sent to the login is counted, and a debug line tells where from', async (t, { ask }) => {
  const service = await openService(t, { ...proxied, LOG_LEVEL: 'debug', METRICS_PORT: String(await freePort()) })
  await ask(behindProxy(service), 'https://app.example.com/page?token=secret')
  await ask(behindProxy(service), `https://app.example.com/${'x'.repeat(2000)}`, { accept: 'application/json' })
  const lines = service.log.filter(({ event }) => event === 'login.required')
  t.match(lines, [{ level: 20, outcome: 'redirected', host: 'app.example.com', path: /^\/page$/ }, { level: 20, outcome: 'unauthorized', path: /^\/x{255}$/ }])
  const metrics = await service.app.metrics!.text()
  for (const outcome of ['redirected', 'unauthorized']) t.match(metrics, `latchkey_events_total{event="login.required",outcome="${outcome}"} 1`)
})

onSqliteAndRedis(t, async (t, settings) => {
  t.test('a check reads once, renews once a minute, and starts no session', async t => {
    const service = await openService(t, { ...settings(), ...proxied })
    const laptop = behindProxy(service)
    await laptop.signUp()
    const { id } = (await service.app.users.findByEmail(grace.email))!
    const lastSeen = async () => (await service.app.sessions.listOf(id)).map(({ lastSeenAt }) => lastSeenAt)
    const [before] = await lastSeen()
    service.time.pass(MINUTE_MS - 1)
    await proxies.nginx!.ask(laptop)
    t.strictSame(await lastSeen(), [before])
    service.time.pass(1)
    await Promise.all([1, 2, 3].map(() => proxies.nginx!.ask(laptop)))
    while ((await lastSeen())[0] === before) await new Promise(setImmediate)
    t.strictSame(await lastSeen(), [service.time.at])
    await proxies.nginx!.ask(behindProxy(service))
    t.equal((await lastSeen()).length, 1)
  })

  t.test('an idle session ends here too', async t => {
    const service = await openService(t, { ...settings(), ...proxied })
    const laptop = behindProxy(service)
    await laptop.signUp()
    service.time.pass(60 * MINUTE_MS)
    t.equal((await proxies.nginx!.ask(laptop)).status, 401)
  })
})

withEveryProxy(t, 'when the stores are down nobody passes, and everybody hears 503', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  sqliteIn(service.app).close()
  t.match(await ask(laptop), { status: 503, headers: { 'retry-after': '5' }, body: '' })
  t.ok(service.log.some(({ event, outcome }) => event === 'failed' && outcome === 'SESSIONS_UNAVAILABLE'))
})

t.test('a renewal that fails holds up nobody', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  service.time.pass(MINUTE_MS)
  sqliteIn(service.app).pragma('query_only = on')
  for (let asked = 0; asked < 3; asked++) t.equal((await proxies.nginx!.ask(laptop)).status, 200)
  sqliteIn(service.app).pragma('query_only = off')
  t.equal((await proxies.nginx!.ask(laptop)).status, 200)
  const said = () => service.log.map(({ msg }) => msg).filter(msg => msg.startsWith('sessions '))
  while (said().length < 3) await new Promise(setImmediate)
  t.strictSame(said().slice(1), ['sessions cannot be renewed', 'sessions are renewed again'], 'one line each, however many ask')
})

t.test('a cookie that is no session of ours is nobody', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  const cookie = `__Secure-session=${laptop.cookies.get('__Secure-session')}`
  const ask = (cookie: string) => proxies.nginx!.ask(behindProxy(service), undefined, { cookie })
  t.equal((await ask(`a=b; ${cookie}; c=d`)).status, 200)
  for (const other of [`${cookie}; ${cookie}`, `${cookie}x`, '__Secure-session=', '__Secure-session=%zz', '__Secure-session=a.b', `x${cookie}`, cookie.replace('__Secure-', '')]) {
    t.equal((await ask(other)).status, 401, other)
  }
})

t.test('Envoy asks with any method, path and body', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  const headers = { host: 'app.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-host': '' }
  for (const method of ['POST', 'PUT', 'DELETE'] as const) t.equal((await laptop.send(method, '/authz/envoy/', { ...headers, 'content-type': 'application/json' }, '{"a"')).status, 200, method)
  t.match(await behindProxy(service).send('POST', '/authz/envoy/form', headers, 'a=b'), { status: 303, location: 'https://login.example.com/login' })
})

withEveryProxy(t, 'a service that is stopping keeps no connection of a proxy', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  t.match(await ask(laptop), { status: 200, headers: { connection: 'keep-alive' } })
  service.app.stop.isAsked = true
  t.match(await ask(laptop), { status: 200, headers: { connection: 'close' } })
})

t.test('whatever else goes wrong, nobody passes', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  t.match(await laptop.send('POST', '/authz/envoy/', { host: 'app.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-host': '', 'content-type': 'none at all' }, 'a'), { status: 415, body: '' })
  service.app.sessions.readCore = async () => { throw new Error('nobody foresaw this') }
  for (const { ask } of Object.values(proxies)) t.match(await ask(laptop), { status: 500, body: '' })
  t.ok(service.log.some(({ event, outcome }) => event === 'failed' && outcome === 'INTERNAL_SERVER_ERROR'))
})
