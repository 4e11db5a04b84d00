import t from 'tap'
import { openService, type Service, sqliteIn } from '../helper.ts'
import { openWire, type Heard } from '../wire.ts'

/*
 * Requests that pretend: another path, another host, another method. As bytes, because clients tidy up.
 */

const form = 'Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n'
const request = (line: string, headers = '', body = '') => `${line} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nAccept: text/html\r\n${headers}${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`
const location = ({ headers }: Heard) => headers.location ?? ''

const guarded = ['/dashboard', '/account', '/account/devices', '/account/email', '/account/reauthenticate', '/account/export']
const encoded = (path: string) => path.replace(/[a-z]/g, letter => `%${letter.charCodeAt(0).toString(16)}`)

/** Ways to write a path that some server, proxy or framework takes for the same one. */
const disguises: Array<(path: string) => string> = [
  path => `/${path}`, path => `//${path}`, path => path.toUpperCase(), path => path.replace('/', '/\\'), path => path.replaceAll('/', '\\'), path => `\\${path}`,
  path => `${path}/`, path => `${path}//`, path => `${path}/.`, path => `${path}/..`, path => `${path}/..;/`, path => `${path};`, path => `${path};jsessionid=1`, path => `${path}/;`, path => `/;${path}`, path => `/;x=y${path}`,
  path => `/.${path}`, path => `/./${path}`, path => `/x/..${path}`, path => `/login/..${path}`, path => `/assets/..${path}`, path => `/health/live/..${path}`, path => `/%2e${path}`, path => `/%2e%2e${path}`, path => `/x/%2e%2e${path}`, path => `/assets/..%2f${path.slice(1)}`,
  path => `${path}%2f`, path => `${path}%2F..`, path => `/%2f${path.slice(1)}`, path => path.replaceAll('/', '%2f'), path => `/${path.slice(1).replaceAll('/', '%2f')}`, path => `/${path.slice(1).replaceAll('/', '%5c')}`, path => path.replace(/\/(?=.+\/)/, '/./'), path => path.replace(/(?<=.)\//, '//'),
  path => encoded(path), path => path.replace('c', '%63'), path => path.replace('a', '%2561'), path => encoded(path).replaceAll('%', '%25'), path => path.replace('a', '%41'), path => path.replace('a', '\xaa'), path => path.replace('a', '%C2%AA'), path => path.replace('o', '%EF%BD%8F'), path => path.replace('/', '/%C0%AF'),
  path => `${path}%00`, path => `${path}%20`, path => `${path}%09`, path => `${path}%0a`, path => `${path}.`, path => `${path}.html`, path => `${path}.json`, path => `${path}~`, path => `${path}*`, path => `${path}:`, path => `${path}%3f`, path => `${path}%23`, path => `${path}%3b`,
  path => `${path}?`, path => `${path}?x=/login`, path => `${path}?/../../login`, path => `${path}#/login`, path => `${path}#?x`, path => `/login?x=${path}`, path => `/about#${path}`, path => `http://localhost:3000${path}`, path => `http://evil.example${path}`, path => `http://evil.example@localhost:3000${path}`, path => `HTTP://LOCALHOST${path}`, path => `http:${path}`, path => `http:/${path}`, path => `file://${path}`, path => `x:${path}`
]

t.test('a page for users is behind the login or not there, however its address is written', async t => {
  const { browser, say } = await openWithWire(t)
  const laptop = browser()
  await laptop.signUp()
  const cookie = `Cookie: session=${laptop.cookies.get('session')}\r\n`
  const served = new Set<string>()
  for (const path of guarded) {
    await Promise.all(disguises.map(async disguise => {
      const written = disguise(path)
      const [stranger, owner] = await Promise.all([say(request(`GET ${written}`)), say(request(`GET ${written}`, cookie))])
      if (stranger.status === 200) t.match(stranger.body, /<title>(Home|About|Log in) /, written)
      else if (owner.status === 200) t.match(location(stranger), /^\/login(\?|$)/, written)
      else t.ok([400, 404].includes(owner.status) && stranger.status === owner.status, `${written} ${owner.status} ${stranger.status}`)
      t.notMatch(stranger.body, 'Hopper')
      if (owner.status === 200) served.add(written)
    }))
  }
  for (const written of ['/%61%63%63%6f%75%6e%74', '/account?x=/login', 'http://evil.example/account']) t.ok(served.has(written), `${written} is the page itself`)
})

t.test('a form of users is refused to strangers, however its address is written', async t => {
  const { browser, say, app } = await openWithWire(t)
  const laptop = browser()
  await laptop.signUp()
  const handle = sqliteIn(app).prepare('select handle from sessions').pluck().get() as string
  const before = contentOf(app)
  for (const path of ['/account/delete', '/account/password', '/account/profile', '/account/email', '/account/devices/revoke-others', `/account/devices/${handle}/revoke`]) {
    await Promise.all(disguises.map(async disguise => {
      const answer = await say(request(`POST ${disguise(path)}`, form, 'first_name=Eve&last_name=Eve'))
      t.ok(answer.status === 303 ? location(answer) === '/login' : [400, 404].includes(answer.status), `${disguise(path)} ${answer.status} ${location(answer)}`)
    }))
  }
  t.strictSame(contentOf(app), before)
  t.ok(await laptop.isLoggedIn())
})

const elsewhere = 'evil.example'
const hosts = [
  `Host: ${elsewhere}`, `Host: ${elsewhere}:3000`, 'Host: ', `Host: localhost:3000@${elsewhere}`, `Host: localhost:3000/${elsewhere}`, `Host: ${elsewhere}#localhost:3000`, `Host: "${elsewhere}"`, `Host: [::1]${elsewhere}`,
  ...['X-Forwarded-Host', 'X-Host', 'X-Forwarded-Server', 'X-HTTP-Host-Override', 'X-Original-Host', 'X-Forwarded-Prefix'].map(name => `Host: localhost:3000\r\n${name}: ${elsewhere}`),
  `Host: localhost:3000\r\nForwarded: for=1.2.3.4;host=${elsewhere};proto=https`, `Host: localhost:3000\r\nX-Forwarded-Proto: javascript://${elsewhere}`, `Host: localhost:3000\r\nX-Forwarded-For: ${elsewhere}\r\nX-Real-IP: ${elsewhere}`,
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-URI', 'X-Forwarded-Path', 'X-Accel-Redirect', 'X-Sendfile'].map(name => `Host: localhost:3000\r\n${name}: /dashboard\r\nReferer: http://${elsewhere}/`)
]

for (const [whose, settings] of [['anybody', {}], ['a trusted proxy', { TRUSTED_PROXIES: '127.0.0.1' }]] as const) {
  t.test(`whatever host ${whose} says, no link and no redirect is made from it, and no other page comes`, async t => {
    const { browser, say } = await openWithWire(t, settings)
    await browser().signUp()
    const ask = (line: string, host: string, headers = '', body = '') => say(request(line, headers, body).replace('Host: localhost:3000', host))
    for (const host of hosts) {
      for (const [path, status] of [['/', 200], ['/about', 200], ['/login', 200], ['/nothing', 404], ['/%ff', 400], ['/dashboard', 303], ['/account/email', 303], [`http://${elsewhere}/dashboard`, 303], [`//${elsewhere}/dashboard`, 404]] as const) {
        const answer = await ask(`GET ${path}`, host)
        t.equal(answer.status, status, `${path} ${host}`)
        t.notMatch(answer.text, elsewhere)
        if (status === 303) t.equal(location(answer), `/login?next=${encodeURIComponent(path.replace(`http://${elsewhere}`, ''))}`)
      }
      t.match(await ask('POST /login', host, form, 'email=nobody%40example.com'), { status: 400, body: /^(?!.*evil)/s })
      t.match(await ask('POST /logout', host, form), { status: 303, headers: { location: '/login' } })
      t.match(await ask('POST /logout', host, `Origin: http://${elsewhere}\r\n`), { status: 403 }, 'nor is a form from there ours')
    }
  })
}

t.test('a request without a host, or with two, is refused', async t => {
  const { say } = await openWithWire(t)
  for (const hosts of ['', 'Host: localhost:3000\r\nHost: localhost:3000\r\n', `Host: localhost:3000\r\nHost: ${elsewhere}\r\n`, `Host: ${elsewhere}\r\nhOST: localhost:3000\r\n`]) {
    for (const target of ['/login', 'http://localhost:3000/login']) t.equal((await say(request(`GET ${target}`).replace('Host: localhost:3000\r\n', hosts))).status, 400, hosts)
  }
  t.equal((await say('GET /login HTTP/1.0\r\n\r\n')).status, 200, 'HTTP/1.0 knew none')
})

t.test('no header is dropped because many were sent before it', async t => {
  const { say, log } = await openWithWire(t, { TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'info' })
  for (const many of ['A:\r\n'.repeat(3_000), 'A:b\r\n'.repeat(2_000)]) {
    t.match((await say(request('GET /about', `${many}X-Forwarded-For: 192.0.2.7\r\n`))).body, '<title>About')
    t.equal((await say(request('GET /about', `${many}Host: ${elsewhere}\r\n`))).status, 400, 'a second Host is seen')
  }
  const addresses = ['192.0.2.7', '127.0.0.1', '192.0.2.7', '127.0.0.1']
  t.match(log.filter(({ msg }) => msg === 'incoming request'), addresses.map(address => ({ req: { address } })), 'and so is what a proxy says behind them')
})

t.test('nothing that is sent becomes a header of the answer', async t => {
  const { browser, say } = await openWithWire(t)
  const laptop = browser()
  await laptop.signUp()
  const cookie = `Cookie: session=${laptop.cookies.get('session')}\r\n`
  const breaks = ['\r\n', '\r', '\n', '%0d%0a', '%0D%0A', '%0a', '%0d', '%250d%250a', '\\r\\n', '%E5%98%8D%E5%98%8A', '\xe5\x98\x8d\xe5\x98\x8a', '%c0%8d%c0%8a', '%u000d%u000a', '\x85', '%C2%85', '%E2%80%A8', '\0', '\t']
  for (const broken of breaks) {
    const injected = `${broken}X-Injected: yes${broken}Set-Cookie: session=injected${broken}${broken}<script>`
    const asked = [
      request(`GET /login?next=/${injected}`, cookie), request(`GET /login?next=/${encodeURI(injected)}`, cookie), request(`GET /dashboard?${injected}`), request(`GET /${injected}`), request(`GET /account/devices/${injected}/revoke`, cookie),
      ...['Host', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Origin', 'Referer', 'Accept', 'User-Agent', 'Cookie', 'Expect', 'If-None-Match', 'Range'].map(name => request('GET /dashboard', `${name}: a${injected}\r\n`)),
      request('POST /login', form, `email=a${injected}&password=x&next=/${injected}`), request('POST /login', form, `email=${encodeURIComponent(injected)}&password=x&next=/${injected}`), request('POST /account/reauthenticate', `${form}${cookie}`, `password=x&next=/${injected}`)
    ]
    for (const bytes of asked) {
      // What begins another request is answered as one: only what each answer says of itself counts.
      const { text, headers } = await say(bytes)
      for (const name of ['x-injected', 'set-cookie']) t.notMatch(headers[name] ?? '', 'injected', JSON.stringify(bytes.slice(0, 80)))
      t.notMatch(text, /^(x-injected|set-cookie: session=injected)/im, JSON.stringify(bytes.slice(0, 80)))
      t.notMatch(text, /^HTTP\/1.1 5/)
    }
  }
})

t.test('the method is that of the request, whatever else is said', async t => {
  const { browser, say, app } = await openWithWire(t)
  const laptop = browser()
  await laptop.signUp()
  const cookie = `Cookie: session=${laptop.cookies.get('session')}\r\n`
  const before = contentOf(app)
  const handle = sqliteIn(app).prepare('select handle from sessions').pluck().get() as string
  const paths = ['/logout', '/account/delete', '/account/devices/revoke-others', `/account/devices/${handle}/revoke`]
  for (const path of paths) {
    for (const method of ['GET', 'HEAD']) {
      for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
        const answer = await say(request(`${method} ${path}?_method=POST&method=POST`, `${cookie}${form}${name}: POST\r\n`))
        t.ok([200, 404].includes(answer.status), `${method} ${path} ${answer.status}`)
      }
      t.ok([200, 404].includes((await say(request(`${method} ${path}`, `${cookie}${form}`, '_method=POST'))).status), 'nor does a body make it another')
    }
    for (const method of ['OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'M-SEARCH']) {
      const answer = await say(request(`${method} ${path}`, `${cookie}${form}X-HTTP-Method-Override: POST\r\n`))
      t.equal(answer.status, 404, `${method} ${path}`)
      t.notMatch(answer.text, laptop.cookies.get('session')!, 'no request is sent back')
    }
    for (const method of ['post', 'Post', 'POST\t', 'GETPOST', 'CONNECT']) t.ok([0, 400].includes((await say(request(`${method} ${path}`, `${cookie}${form}`))).status), method)
  }
  t.strictSame(contentOf(app), before)
  t.ok(await laptop.isLoggedIn())
})

async function openWithWire (t: Parameters<typeof openService>[0], settings: Record<string, string> = {}) {
  const service = await openService(t, { LOG_LEVEL: 'silent', ...settings })
  return { ...service, ...await openWire(service.app) }
}

function contentOf (app: Service['app']) {
  return ['users', 'sessions'].map(table => sqliteIn(app).prepare(`select * from ${table}`).all())
}
