import { connect, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { anotherAddress, grace, openService, sqliteIn, type Answer, type Service } from '../helper.ts'

const form = 'application/x-www-form-urlencoded'
const json = { accept: 'application/json' }
const login = `email=${encodeURIComponent(grace.email)}&password=${encodeURIComponent(grace.password)}`
const signup = `first_name=Ada&last_name=Lovelace&email=ada%40example.com&password=${encodeURIComponent(grace.password)}`
const pages = ['/', '/about', '/contact', '/login', '/signup', '/logout', '/dashboard', '/session', '/nothing']

/** What nobody may read in an answer: stacks, paths, SQL, a library's words. */
const inside = /\bat .+:\d+:\d+|node_modules|\.[jt]s\b|sqlite|select |insert |fst_err|\bajv\b|must (be|have|not)|body\/|\/work|\/tmp|argon2|querystring/i

function rows ({ app }: Service) {
  const count = (table: string) => Number(sqliteIn(app).prepare(`select count(*) from ${table}`).pluck().get())
  return { users: count('users'), sessions: count('sessions') }
}

/** The answer is this error, as a page, with nothing from inside in it. */
function isPage (t: Test, answer: Answer, status: number, what = '') {
  t.equal(answer.status, status, what)
  t.match(answer.headers['content-type'], 'text/html')
  t.notMatch(answer.body, inside)
}

function isJson (t: Test, answer: Answer, status: number, code?: string) {
  t.equal(answer.status, status)
  const body = answer.json<Record<string, unknown>>()
  t.strictSame(Object.keys(body), ['statusCode', 'code', 'error', 'message'])
  t.equal(body.statusCode, status)
  t.match(answer.headers['content-type'], 'application/json')
  t.notMatch(String(body.message), inside)
  if (code) t.equal(body.code, code)
}

/** Sends a form as a stranger would: nobody is logged in by it, and nothing is stored. */
async function refused (t: Test, service: Service, path: string, body: string | Buffer, status: number, headers: Record<string, string> = {}) {
  const before = rows(service)
  const stranger = service.browser({ address: anotherAddress() })
  const answer = await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': form, ...headers }, body)
  isPage(t, answer, status, `${path} ${String(body).slice(0, 80)}`)
  t.strictSame(answer.setCookies, [])
  t.strictSame(rows(service), before)
  isJson(t, await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': form, ...json, ...headers }, body), status)
}

async function openWithGrace (t: Test, settings = {}) {
  const service = await openService(t, settings)
  const laptop = service.browser()
  await laptop.signUp()
  return { service, laptop }
}

t.test('a form that is not ours is a 400, whatever is wrong with it', async t => {
  const { service } = await openWithGrace(t)
  const wrong = (sent: string, field: string) => [
    sent.replace(new RegExp(`&?${field}=[^&]*`), ''), // missing
    `${sent}&${field}=again`, // repeated
    `${sent}&${field}=`,
    sent.replace(`${field}=`, `${field}[]=`),
    sent.replace(`${field}=`, `${field}%5B%5D=`),
    sent.replace(`${field}=`, `${field}[a]=`),
    sent.replace(`${field}=`, `${field}.a=`),
    sent.replace(`${field}=`, `${field}%00=`),
    sent.replace(`${field}=`, `${field.toUpperCase()}=`),
    sent.replace(`${field}=`, `${field}=%00`),
    sent.replace(`${field}=`, `${field}=a%0D%0Ab`),
    sent.replace(`${field}=`, `${field}=%FF`),
    sent.replace(`${field}=`, `${field}=%C3`),
    sent.replace(`${field}=`, `${field}=%ED%A0%80`),
    sent.replace(`${field}=`, `${field}=%C0%AF`),
    sent.replace(new RegExp(`${field}=[^&]*`), `${field}=${'x'.repeat(2_100)}`),
    sent.replace(new RegExp(`${field}=[^&]*`), `${field}=`),
    sent.replace(new RegExp(`${field}=[^&]*`), field)
  ]
  for (const field of ['email', 'password']) for (const body of wrong(login, field)) await refused(t, service, '/login', body, 400)
  for (const field of ['first_name', 'email', 'password']) for (const body of wrong(signup, field)) await refused(t, service, '/signup', body, 400)
})

t.test('fields that are not in the form are a 400, also those with a meaning in JavaScript', async t => {
  const { service } = await openWithGrace(t)
  for (const more of ['__proto__=x', '__proto__[isAdmin]=1', 'constructor=x', 'constructor[prototype][isAdmin]=1', 'toString=x', 'hasOwnProperty=x', 'valueOf=x', 'then=x', 'toJSON=x', 'admin=1', 'user_id=1', 'id=1', '=', '=x', '%EF%BB%BFx=1', 'remember=yes', 'remember=', 'remember=true']) {
    await refused(t, service, '/login', `${login}&${more}`, 400)
    await refused(t, service, '/signup', `${signup}&${more}`, 400)
  }
  await refused(t, service, '/signup', `${signup}&remember=on`, 400)
  await refused(t, service, '/signup', `${signup}&disabled_at=`, 400)
  t.notOk('isAdmin' in {})
})

t.test('a body that is no form of ours at all is a 400', async t => {
  const { service } = await openWithGrace(t)
  for (const path of ['/login', '/signup']) {
    for (const body of ['', '&', '&&&', '=', '%', '%zz', '{"email":"a"}', '\uFEFF', 'a'.repeat(16_000), '&'.repeat(16_000), Buffer.from([0xff, 0xfe]), Buffer.from('email=\xff&password=x', 'latin1'), Buffer.alloc(100)]) {
      await refused(t, service, path, body, 400)
    }
  }
})

t.test('a form with more fields than any of ours is refused before each of them becomes an error', async t => {
  const { service } = await openWithGrace(t)
  const many = (count: number) => Array.from({ length: count }, (_, number) => `field${number}=`).join('&')
  for (const path of ['/login', '/signup', '/logout']) {
    const program = service.browser({ headers: json })
    for (const body of [many(21), many(1_500), 'a&'.repeat(8_000)]) {
      t.match((await program.submit(path, body)).json(), { statusCode: 400, code: 'FORM_UNREADABLE', message: 'The form was sent with too many fields.' })
    }
  }
  t.match((await service.browser({ headers: json }).submit('/login', many(20))).json(), { message: 'The form was sent with fields that are not in it.' })
})

t.test('raw bytes that are not UTF-8 are a 400', async t => {
  const { service } = await openWithGrace(t)
  for (const bytes of ['\xff', '\xc3\x28', '\xe2\x82', '\xed\xa0\x80', '\xf0\x28\x8c\xbc', '\xc0\xaf']) {
    await refused(t, service, '/login', Buffer.from(`email=grace${bytes}@example.com&password=x`, 'latin1'), 400)
  }
})

t.test('UTF-8 that is right is taken, raw or encoded', async t => {
  const { service } = await openWithGrace(t)
  const answer = await service.browser().submit('/signup', 'first_name=Zoë&last_name=名&email=z%40example.com&password=cafe%CC%81+au+lait+%F0%9F%A5%90+et+miel')
  t.equal(answer.status, 303)
  t.equal((await service.browser().submit('/login', { email: 'z@example.com', password: 'caf\u00e9 au lait \u{1f950} et miel' })).status, 303)
})

t.test('anything but a form is a 415', async t => {
  const { service } = await openWithGrace(t)
  const types = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'text/plain;charset=utf-8', 'multipart/form-data; boundary=x', 'application/xml', 'application/octet-stream', `${form}x`, 'application/x-www-form-urlencoded+json', 'x', '/', ';', 'application/x-www-form-urlencoded, application/json', 'text/html', '*/*']
  for (const type of types) {
    for (const path of ['/login', '/signup']) await refused(t, service, path, JSON.stringify({ email: grace.email, password: grace.password }), 415, { 'content-type': type })
  }
  const multipart = '--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\ngrace@example.com\r\n--x--\r\n'
  await refused(t, service, '/login', multipart, 415, { 'content-type': 'multipart/form-data; boundary=x' })
})

t.test('a logout, too, takes a form or nothing', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
    isPage(t, await laptop.send('POST', '/logout', { 'sec-fetch-site': 'same-origin', 'content-type': type }, '{}'), 415)
  }
  t.ok(await laptop.isLoggedIn())
  t.equal((await laptop.send('POST', '/logout', { 'sec-fetch-site': 'same-origin' })).status, 303, 'no body and no type')
  t.notOk(await laptop.isLoggedIn())
  t.equal((await service.browser().send('POST', '/logout', { 'sec-fetch-site': 'same-origin', 'content-type': form }, 'whatever=is&sent=along')).status, 303)
})

t.test('a form without a body, and a body without a type', async t => {
  const { service } = await openWithGrace(t)
  for (const path of ['/login', '/signup']) {
    const stranger = service.browser({ address: anotherAddress() })
    isPage(t, await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin' }), 400)
    isPage(t, await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': form }), 400)
    isPage(t, await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }), 415)
    isPage(t, await stranger.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': '' }, Buffer.from(login)), 415)
    t.equal(stranger.cookies.size, 0)
  }
})

t.test('a body over 16 KiB is a 413, at once or said beforehand', async t => {
  const { service } = await openWithGrace(t)
  const huge = 'a'.repeat(2 * 1024 * 1024)
  for (const path of ['/login', '/signup', '/logout', '/nothing']) await refused(t, service, path, `${login}&more=${huge}`, 413)
  await refused(t, service, '/login', `email=${'a'.repeat(16 * 1024)}`, 413)
  const padded = `${login}&next=${'/'.padEnd(16 * 1024 - login.length - 6, 'a')}`
  await refused(t, service, '/login', padded, 400)
  await refused(t, service, '/login', `${padded}a`, 413)
})

t.test('what is too long for a field is a 400, what just fits is not', async t => {
  const { service } = await openWithGrace(t)
  for (const [field, most] of [['first_name', 100], ['last_name', 100], ['password', 1024]] as const) {
    const sent = (length: number) => ({ ...grace, email: `${field}@example.com`, [field]: field === 'password' ? grace.password.padEnd(length, 'x') : 'x'.repeat(length) })
    isPage(t, await service.browser().submit('/signup', sent(most + 1)), 400, field)
    t.equal((await service.browser().submit('/signup', sent(most))).status, 303, field)
  }
  t.equal((await service.browser().logIn({ password: 'x'.repeat(1024) })).status, 401)
  t.equal((await service.browser().logIn({ password: 'x'.repeat(1025) })).status, 400)
  t.equal((await service.browser().logIn({ email: 'x'.repeat(254) })).status, 401)
  t.equal((await service.browser().logIn({ email: 'x'.repeat(255) })).status, 400)
  t.equal((await service.browser().logIn({ next: `/${'x'.repeat(2047)}` })).status, 303)
  t.equal((await service.browser().logIn({ next: `/${'x'.repeat(2048)}` })).status, 400)
  t.equal((await service.browser().get(`/login?next=/${'x'.repeat(2047)}`)).status, 200)
  isPage(t, await service.browser().get(`/login?next=/${'x'.repeat(2048)}`), 400)
})

const elsewhere = [
  '//evil.example', '///evil.example', '/\\evil.example', '/\\/evil.example', '\\/evil.example', '\\\\evil.example', 'http://evil.example', 'https:evil.example', 'HTTP:/evil.example', 'javascript:alert(1)',
  'data:text/html,x', '/.//evil.example', '/..//evil.example', '/a/..//evil.example', '/%2e//evil.example', '/.\\evil.example/..//evil.example', '//evil.example/%2e%2e', '//localhost:3000@evil.example', '//evil%E3%80%82example',
  '／／evil.example', '%2f%2fevil.example', 'evil.example', '', ' //evil.example', '\u00a0//evil.example', 'http://localhost:3000.evil.example/', 'http://localhost:3000@evil.example/', 'http:/\\evil.example', '/./\\evil.example', '////evil.example'
]
const onlyInQueries = ['/\t/evil.example', '/\n/evil.example', '/\r\n/evil.example', '\t//evil.example', '\x01//evil.example', 'java\nscript:alert(1)', '/\0/evil.example', '\0//evil.example', '/.\t//evil.example']

t.test('the login leads to pages here and nowhere else, logging in or logged in', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const next of elsewhere) {
    const phone = service.browser()
    const answer = await phone.logIn({ next })
    staysHere(t, answer, next)
    t.equal(answer.location, '/dashboard', next)
  }
  for (const next of [...elsewhere, ...onlyInQueries]) {
    for (const spelled of new Set([encodeURIComponent(next), encodeURI(next), encodeURIComponent(next).replaceAll('%2F', '/')])) staysHere(t, await laptop.get(`/login?next=${spelled}`), next)
    const stranger = await service.browser().get(`/login?next=${encodeURIComponent(next)}`)
    t.equal(stranger.status, 200)
    const hidden = /name="next" value="([^"]*)"/.exec(stranger.body)?.[1]
    t.ok(hidden === undefined || goesTo(hidden.replaceAll('&#34;', '"').replaceAll('&amp;', '&')).origin === 'http://localhost:3000', next)
  }
})

t.test('a path that only looks like an address elsewhere is one here', async t => {
  const { laptop } = await openWithGrace(t)
  for (const next of ['/%2f%2fevil.example', '/%5cevil.example', '/@evil.example', '/:80', '/?next=//evil.example', '/#//evil.example']) {
    t.equal((await laptop.get(`/login?next=${encodeURIComponent(next)}`)).location, next)
  }
})

t.test('a form whose next has control characters is a 400', async t => {
  const { service } = await openWithGrace(t)
  for (const next of onlyInQueries) await refused(t, service, '/login', `${login}&next=${encodeURIComponent(next)}`, 400)
  await refused(t, service, '/login', `${login}&next=/a&next=/b`, 400)
  await refused(t, service, '/login', `${login}&next[]=/a`, 400)
  await refused(t, service, '/login', `${login}&next=/%FF`, 400)
})

function goesTo (location: string) {
  return new URL(location, 'http://localhost:3000/login')
}

function staysHere (t: Test, answer: Answer, what: string) {
  t.equal(answer.status, 303, what)
  t.equal(goesTo(answer.location ?? '').origin, 'http://localhost:3000', what)
  t.match(answer.location, /^\/(?![/\\])[\x21-\x7e]*$/, what)
}

t.test('an address with a strange query is answered as without, or with a 400', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const query of ['next', 'next=', 'next=/a&next=/b', 'next[]=/a', 'next[a]=/b', '__proto__=x', '__proto__[a]=b', 'constructor=x', 'next=%FF', 'next=%zz', 'next=%', '%FF=%FF', '&&&', '=', '%00', 'next=%00', 'a'.repeat(3000), 'a=1&'.repeat(1000), 'next=/%E0%A4%A', '?????', 'next=/\\u0000']) {
    for (const browser of [service.browser(), laptop]) {
      for (const path of ['/login', '/signup', '/', '/session', '/dashboard']) {
        const answer = await browser.get(`${path}?${query}`)
        t.ok([200, 303, 400, 401].includes(answer.status), `${path}?${query} ${answer.status}`)
        t.notMatch(answer.body, inside)
      }
    }
  }
  isPage(t, await service.browser().get('/login?next=/a&next=/b'), 400)
  isJson(t, await service.browser().get('/login?next=/a&next=/b', json), 400)
})

t.test('an address that cannot be decoded is a 400 with a page', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const path of ['/%', '/%zz', '/%FF', '/%C3', '/%E0%A4%A', '/login%', '/%u0041', '/dashboard/%ff', '/assets/%ff', '/health/%ff', '/%2', '/%ED%A0%80', '/a%/b?next=/', '/%?%FF']) {
    isPage(t, await service.browser().get(path), 400, path)
    isPage(t, await laptop.get(path), 400, path)
    isJson(t, await service.browser().get(path, json), 400, 'ADDRESS_UNREADABLE')
  }
  isPage(t, await laptop.submit('/%ff', login), 400)
  isPage(t, await service.browser().send('POST', '/%ff', { 'content-type': form }, login), 403)
})

t.test('an address that leads nowhere is a 404', async t => {
  const { service, laptop } = await openWithGrace(t)
  const paths = [
    '/nothing', '/Login', '/login/', '//login', '/login//', '/./nothing', '/%00', '/%0d%0aset-cookie:x', '/login%00', '/%2e%2e/%2e%2e/etc/passwd', '/assets/', '/assets', '/assets/../src/app.ts', '/assets/%2e%2e/package.json',
    '/assets/..%2fpackage.json', '/assets/%2e%2e%2f%2e%2e%2fetc/passwd', '/assets/.env', '/.env', '/data/session-secret', '/package.json', '/constructor', '/__proto__', '/accounts', '/account/', '/dashboard/', '/dashboard/x', '/health', '/health/', `/${'a'.repeat(10_000)}`, '/*', '/:id', '/;', '/login;a=b', '/\u{1f511}', '/login%2f', '/%6C%6Fgin%20'
  ]
  for (const path of paths) {
    isPage(t, await service.browser().get(path), 404, path.slice(0, 60))
    isPage(t, await laptop.get(path), 404, path.slice(0, 60))
    isJson(t, await service.browser().get(path, json), 404, 'PAGE_NOT_FOUND')
  }
})

t.test('HEAD answers as GET does', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const browser of [service.browser(), laptop]) {
    for (const path of [...pages, '/%ff', '/health/live', '/assets/latchkey.css']) {
      const [head, get] = [await browser.send('HEAD', path), await browser.get(path)]
      t.equal(head.headers['content-type'], get.headers['content-type'], path)
      t.equal(head.status, get.status, path)
    }
  }
})

t.test('methods that no page has are a 404, and without a sign that they come from here a 403', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'SEARCH', 'LOCK'] as 'PUT'[]) {
    for (const path of pages) {
      isPage(t, await laptop.send(method, path, { 'sec-fetch-site': 'same-origin' }), 404, `${method} ${path}`)
      const foreign = await service.browser().send(method, path, json)
      t.ok([403, 404].includes(foreign.status), `${method} ${path} ${foreign.status}`)
      isJson(t, foreign, foreign.status)
    }
  }
  for (const path of ['/', '/dashboard', '/session', '/about']) isPage(t, await laptop.submit(path), 404, `POST ${path}`)
  t.ok(await laptop.isLoggedIn())
})

t.test('a GET with a body is answered as without', async t => {
  const { service, laptop } = await openWithGrace(t)
  for (const type of [form, 'application/json', 'x']) {
    for (const path of ['/', '/login', '/signup']) t.equal((await service.browser().send('GET', path, { 'content-type': type }, '{"a":')).status, 200, path)
    t.equal((await laptop.send('GET', '/dashboard', { 'content-type': type }, 'x'.repeat(100_000))).status, 200)
  }
})

t.test('errors are a page for whoever takes one, else JSON', async t => {
  const { service } = await openWithGrace(t)
  const browser = service.browser()
  for (const accept of ['text/html', 'text/html;q=0.1', '*/*', 'text/*', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/xml, text/html', 'TEXT/HTML']) isPage(t, await browser.get('/nothing', { accept }), 404, accept)
  for (const accept of ['application/json', 'application/json;q=0.1', 'text/plain', 'image/png', 'text/html;q=0', 'garbage', ';;;', 'text', '/', 'application/problem+json', ',']) {
    isJson(t, await browser.get('/nothing', { accept }), 404, 'PAGE_NOT_FOUND')
    isJson(t, await browser.send('POST', '/login', { accept, 'sec-fetch-site': 'same-origin', 'content-type': form }, login.replace('email', 'mail')), 400, 'FORM_UNREADABLE')
    isJson(t, await browser.submit('/login', { email: `nobody at ${accept}`, password: 'wrong' }, { accept }), 401, 'LOGIN_FAILED')
    isJson(t, await browser.submit('/login', { email: grace.email }, { accept }), 400, 'FORM_INCOMPLETE')
    isJson(t, await browser.submit('/signup', grace, { accept }), 409, 'EMAIL_TAKEN')
    isJson(t, await browser.submit('/login', login, { accept, 'sec-fetch-site': 'cross-site' }), 403, 'FOREIGN_FORM')
    isJson(t, await browser.get('/dashboard', { accept }), 401, 'LOGIN_REQUIRED')
    isJson(t, await browser.get('/session', { accept }), 401, 'LOGIN_REQUIRED')
  }
})

t.test('what was typed stands in the page as text only', async t => {
  const { service } = await openWithGrace(t)
  const markup = '"><script>alert(1)</script>\'<%= 1 %>{{1}}'
  for (const answer of [
    await service.browser().submit('/login', { email: markup, password: 'x', next: `/${markup}` }),
    await service.browser().submit('/signup', { ...grace, first_name: markup, last_name: markup, email: markup }),
    await service.browser().get(`/login?next=/${encodeURIComponent(markup)}`),
    await service.browser().get(`/${encodeURIComponent(markup)}`)
  ]) t.notMatch(answer.body, /<script|value="">|'<%/)
})

t.test('a password never comes back', async t => {
  const { service } = await openWithGrace(t)
  for (const answer of [
    await service.browser().submit('/login', { email: grace.email, password: 'hunter2 hunter2 hunter2' }),
    await service.browser().submit('/login', { email: '', password: 'hunter2 hunter2 hunter2' }),
    await service.browser().submit('/signup', { ...grace, email: '', password: 'hunter2 hunter2 hunter2' }),
    await service.browser().submit('/signup', { ...grace, password: 'hunter2 hunter2 hunter2' }),
    await service.browser().get('/login?email=a&password=hunter2')
  ]) t.notMatch(answer.body, 'hunter2')
  t.notMatch(JSON.stringify(service.log), 'hunter2', 'and stands in no log')
})

t.test('a form is taken from our own pages only', async t => {
  const { service } = await openWithGrace(t)
  const ours = 'http://localhost:3000'
  const send = async (headers: Record<string, string>) => {
    const answer = await service.browser().send('POST', '/login', { 'content-type': form, ...headers }, login)
    return [answer.status, answer.setCookies.filter(line => line.startsWith('session=')).length]
  }
  for (const site of ['same-origin', 'none']) {
    for (const origin of [{}, { origin: ours }, { origin: 'null' }, { origin: 'https://evil.example' }]) t.strictSame(await send({ 'sec-fetch-site': site, ...origin as { origin: string } }), [303, 1], site)
  }
  for (const site of ['same-site', 'cross-site', 'garbage', '', 'SAME-ORIGIN', 'same-origin, same-origin', 'same-origin, cross-site', 'none;x', 'null']) {
    t.strictSame(await send({ 'sec-fetch-site': site }), [403, 0], site)
    t.strictSame(await send({ 'sec-fetch-site': site, origin: ours }), [403, 0], `${site} outweighs Origin`)
  }
  t.strictSame(await send({ origin: ours }), [303, 1])
  for (const origin of ['null', '', `${ours}/`, 'http://localhost', 'http://localhost:3001', 'https://localhost:3000', 'http://LOCALHOST:3000', 'http://localhost:3000.evil.example', 'http://evil.example', `${ours}, ${ours}`, `${ours} http://evil.example`, 'http://127.0.0.1:3000', '*', 'undefined']) {
    t.strictSame(await send({ origin }), [403, 0], origin)
  }
  t.strictSame(await send({}), [403, 0])
  t.strictSame(await send({ referer: `${ours}/login`, host: 'localhost:3000' }), [403, 0], 'a Referer shows nothing')
  t.strictSame(await send({ origin: 'http://evil.example', host: 'evil.example' }), [403, 0], 'whatever host was asked')
})

t.test('a foreign form changes nothing for whoever is logged in', async t => {
  const { service, laptop } = await openWithGrace(t)
  const before = rows(service)
  for (const path of ['/logout', '/login', '/signup']) {
    const answer = await laptop.submit(path, signup, { 'sec-fetch-site': 'cross-site' })
    isPage(t, answer, 403)
    t.strictSame(answer.setCookies, [])
  }
  t.strictSame(rows(service), before)
  t.ok(await laptop.isLoggedIn())
})

t.test('a page for users sends a stranger to the login, by what was asked and by whom', async t => {
  const { service } = await openWithGrace(t)
  const stranger = service.browser({ address: anotherAddress() })
  const asked = await stranger.get('/dashboard?a=b&c=//evil.example')
  t.strictSame([asked.status, asked.location], [303, `/login?next=${encodeURIComponent('/dashboard?a=b&c=//evil.example')}`])
  t.equal(stranger.cookies.size, 0)
  isJson(t, await stranger.get('/dashboard', json), 401, 'LOGIN_REQUIRED')
  const head = await stranger.send('HEAD', '/dashboard')
  t.equal(head.status, 303)
  t.match(head.location, /^\/login/)
})

t.test('more than one account in one form makes none', async t => {
  const { service } = await openWithGrace(t)
  await refused(t, service, '/signup', `${signup}&${signup}`, 400)
  await refused(t, service, '/signup', `${signup}&email=eve%40example.com`, 400)
})

// Over a real connection: what Node itself refuses never becomes a request that could be injected.

t.test('headers that are too large are a 431', async t => {
  const service = await openListening(t)
  for (const header of [`X-Padding: ${'a'.repeat(40_000)}`, `Cookie: session=${'a'.repeat(40_000)}`, Array.from({ length: 3000 }, (_, i) => `X-${i}: aaaa`).join('\r\n')]) {
    t.match(await service.say(`GET / HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  }
  t.match(await service.say(`GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`), /^HTTP\/1\.1 4\d\d /)
  await service.isAlive()
})

t.test('what is no HTTP is refused, and the service goes on', async t => {
  const service = await openListening(t)
  const head = 'Host: localhost\r\nConnection: close\r\n'
  const type = `Sec-Fetch-Site: same-origin\r\nContent-Type: ${form}\r\n`
  for (const request of [
    'garbage\r\n\r\n', '\0\0\0\0\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00', `BREW / HTTP/1.1\r\n${head}\r\n`, `GET / HTTP/9.9\r\n${head}\r\n`, `GET /\xff\xfe HTTP/1.1\r\n${head}\r\n`, `GET / HTTP/1.1\r\n${head}Bad Header: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${head}X: a\0b\r\n\r\n`, 'GET / HTTP/1.1\r\n\r\n', `POST /login HTTP/1.1\r\n${head}${type}Content-Length: 5\r\nContent-Length: 6\r\n\r\nemail`, `POST /login HTTP/1.1\r\n${head}${type}Content-Length: -1\r\n\r\nx`,
    `POST /login HTTP/1.1\r\n${head}${type}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `POST /login HTTP/1.1\r\n${head}${type}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, `POST /login HTTP/1.1\r\n${head}${type}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`
  ]) {
    const answer = await service.say(Buffer.from(request, 'latin1'))
    t.match(answer, /^HTTP\/1\.1 [45]\d\d |^$/, request.slice(0, 40))
    t.notMatch(answer, /^HTTP\/1\.1 5/)
    t.notMatch(answer, inside)
    t.notMatch(answer, /set-cookie/i)
  }
  await service.isAlive()
})

t.test('raw bytes and chunks over a real connection get the same codes', async t => {
  const service = await openListening(t)
  const post = (body: Buffer, length = `Content-Length: ${body.length}`) => service.say(Buffer.concat([Buffer.from(`POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Type: ${form}\r\n${length}\r\n\r\n`), body]))
  t.match(await post(Buffer.from('email=grace\xff&password=x', 'latin1')), /^HTTP\/1\.1 400 .*<!doctype html>/s)
  t.match(await post(Buffer.from('1b\r\nemail=grace\xff&password=x12345\r\n0\r\n\r\n', 'latin1'), 'Transfer-Encoding: chunked'), /^HTTP\/1\.1 400 /)
  t.match(await post(Buffer.from('email=a'), 'Content-Length: 2000000'), /^HTTP\/1\.1 413 .*<!doctype html>/s, 'before it has arrived')
  t.match(await post(Buffer.from(`5000\r\nemail=${'a'.repeat(0x5000 - 6)}\r\n0\r\n\r\n`), 'Transfer-Encoding: chunked'), /^HTTP\/1\.1 413 /)
  t.match(await post(Buffer.alloc(0), 'Content-Length: 0'), /^HTTP\/1\.1 400 /)
  await service.isAlive()
})

t.test('nothing but our assets can be read, however a path climbs', async t => {
  const service = await openListening(t)
  const climbs = [
    '/assets/../package.json', '/assets/../src/app.ts', '/assets/../../../../../../etc/passwd', '/../package.json', '/..%2fpackage.json', '/assets/%2e%2e/package.json', '/assets/..%2fpackage.json', '/assets/%2e%2e%2fpackage.json',
    '/assets/..%5cpackage.json', '/assets/..\\package.json', '/assets//etc/passwd', '/assets//../package.json', '/assets/./../package.json', '/assets/%252e%252e/package.json', '/assets/....//package.json', '/assets/latchkey.css/../../package.json', '/assets/.%00./package.json', '//etc/passwd', '/\\etc/passwd', '/./data/session-secret'
  ]
  for (const path of climbs) {
    const answer = await service.say(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 40[04] /, path)
    t.notMatch(answer, /"latchkey"|root:|import /, path)
  }
})

t.test('an answer to HEAD has no body', async t => {
  const service = await openListening(t)
  for (const path of ['/', '/login', '/nothing', '/%ff', '/health/live']) {
    t.match(await service.say(`HEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 [24]\d\d .*\r\n\r\n$/s, path)
  }
})

t.test('methods that Node knows and no page has are a 404', async t => {
  const service = await openListening(t)
  for (const method of ['PROPFIND', 'M-SEARCH', 'LINK', 'TRACE', 'PATCH', 'PURGE', 'OPTIONS', 'UNSUBSCRIBE']) {
    for (const path of ['/', '/login', '/nothing']) t.match(await service.say(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\r\n`), /^HTTP\/1\.1 404 /, `${method} ${path}`)
  }
  t.match(await service.say('OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\r\n'), /^HTTP\/1\.1 404 /)
  t.match(await service.say('CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'), /^$|^HTTP\/1\.1 4/)
  await service.isAlive()
})

/** The service on a port of this machine, and what it says to bytes. */
async function openListening (t: Test) {
  const { app } = await openService(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const say = (request: string | Buffer) => new Promise<string>(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let answer = ''
    socket.setEncoding('latin1').on('data', text => { answer += text }).on('error', () => {}).on('close', () => resolve(answer))
    // Half of a request waits for the rest: nothing more is coming.
    socket.setTimeout(400, () => socket.end())
  })
  const isAlive = async () => t.match(await say('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /)
  return { say, isAlive }
}
