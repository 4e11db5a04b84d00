import t, { type Test } from 'tap'
import { onSqliteAndRedis } from '../every-store.ts'
import { type Browser, grace, MINUTE_MS, openService, sqliteIn, type Service } from '../helper.ts'

const proxied = { PUBLIC_URL: 'https://login.example.com', COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1' }
const overHttps = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'login.example.com' }

type Ask = (browser: Browser, url?: string, headers?: Record<string, string>) => ReturnType<Browser['get']>

const forwarded = (path: string): Ask => (browser, url = 'https://app.example.com/page?a=1', headers = {}) => {
  const { protocol, host, pathname, search } = new URL(url)
  return browser.get(path, { 'x-forwarded-proto': protocol.slice(0, -1), 'x-forwarded-host': host, 'x-forwarded-uri': pathname + search, 'x-forwarded-method': 'GET', ...headers })
}

/** How each proxy asks whether somebody may pass to an address, and how it is sent to the login. */
const proxies: Record<string, { ask: Ask, toLogin: number }> = {
  nginx: { ask: (browser, url = 'https://app.example.com/page?a=1', headers = {}) => browser.get('/authz/nginx', { 'x-original-url': url, ...headers }), toLogin: 401 },
  caddy: { ask: forwarded('/authz/caddy'), toLogin: 303 },
  traefik: { ask: forwarded('/authz/traefik'), toLogin: 303 },
  envoy: {
    ask: (browser, url = 'https://app.example.com/page?a=1', headers = {}) => {
      const { protocol, host, pathname, search } = new URL(url)
      return browser.get(`/authz/envoy${pathname}${search}`, { host, 'x-forwarded-proto': protocol.slice(0, -1), ...headers })
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
  await service.app.users.setDisabled(user.id, true)
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

withEveryProxy(t, 'what is no address is a 400', async (t, { ask }) => {
  const service = await openService(t, proxied)
  const wrong: Array<Record<string, string>> = [
    { 'x-original-url': '/page', 'x-forwarded-uri': 'page', 'x-forwarded-proto': 'ftp' },
    { 'x-original-url': 'https://user@app.example.com/', 'x-forwarded-host': 'user@app.example.com', host: 'user@app.example.com' },
    { 'x-original-url': 'https://a.example, b.example/', 'x-forwarded-host': 'a.example, b.example', host: 'a.example, b.example' },
    { 'x-original-url': '', 'x-forwarded-host': '', host: 'a b' },
    { 'x-original-url': 'https://app.example.com:99999/', 'x-forwarded-host': 'app.example.com:99999', host: 'app.example.com:99999' }
  ]
  for (const headers of wrong) t.match(await ask(behindProxy(service), undefined, headers), { status: 400, body: '' }, JSON.stringify(headers))
})

t.test('a path with a # in it is a 400: the application could read on behind it', async t => {
  const service = await openService(t, { ...proxied, FORWARD_AUTH_RULES: 'app.example.com/public anyone' })
  const headers = { 'x-original-url': 'https://app.example.com/public#/../admin', 'x-forwarded-uri': '/public#/../admin' }
  for (const proxy of ['nginx', 'caddy', 'traefik']) t.equal((await proxies[proxy]!.ask(behindProxy(service), undefined, headers)).status, 400, proxy)
})

onSqliteAndRedis(t, async (t, settings) => {
  t.test('a check reads once, renews once a minute, and starts no session', async t => {
    const service = await openService(t, { ...settings(), ...proxied })
    const laptop = behindProxy(service)
    await laptop.signUp()
    const { id } = (await service.app.users.findByEmail(grace.email))!
    const lastSeen = async () => (await service.app.sessions.listOf(id)).map(({ fields }) => fields.lastSeenAt)
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
  t.equal((await proxies.nginx!.ask(laptop)).status, 200)
  t.ok(service.log.some(({ msg }) => msg === 'a session was not renewed'))
})

t.test('a cookie that is no session of ours is nobody', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  const cookie = `__Secure-session=${laptop.cookies.get('__Secure-session')}`
  const ask = (cookie: string) => behindProxy(service).get('/authz/nginx', { 'x-original-url': 'https://app.example.com/', cookie })
  t.equal((await ask(`a=b; ${cookie}; c=d`)).status, 200)
  for (const other of [`${cookie}; ${cookie}`, `${cookie}x`, '__Secure-session=', '__Secure-session=%zz', '__Secure-session=a.b', `x${cookie}`, cookie.replace('__Secure-', '')]) {
    t.equal((await ask(other)).status, 401, other)
  }
})

t.test('Envoy asks with any method, path and body', async t => {
  const service = await openService(t, proxied)
  const laptop = behindProxy(service)
  await laptop.signUp()
  const headers = { host: 'app.example.com', 'x-forwarded-proto': 'https' }
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
  t.match(await laptop.send('POST', '/authz/envoy/', { host: 'app.example.com', 'x-forwarded-proto': 'https', 'content-type': 'none at all' }, 'a'), { status: 415, body: '' })
  service.app.sessions.read = async () => { throw new Error('nobody foresaw this') }
  for (const { ask } of Object.values(proxies)) t.match(await ask(laptop), { status: 500, body: '' })
  t.ok(service.log.some(({ event, outcome }) => event === 'failed' && outcome === 'INTERNAL_SERVER_ERROR'))
})
