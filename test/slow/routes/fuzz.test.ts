import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { grace, openService, sqliteIn } from '../../helper.ts'
import { openWire } from '../../wire.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const settings = { seed, numRuns: 250, endOnFailure: true, interruptAfterTimeLimit: 1_200 }

const word = fc.oneof(
  fc.constantFrom('', '/', '//evil.example', '/dashboard', 'on', grace.email, grace.password, '__proto__', 'constructor', 'x'.repeat(300), '%', '%00', '%FF', '\0', '\r\n', '[]', '{}', '"', '<script>', '\u202e', '\ud83d\ude00', 'null', '-1', '1e9'),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.emailAddress()
)
const name = fc.oneof(fc.constantFrom('email', 'password', 'remember', 'next', 'first_name', 'last_name', 'email[]', 'email[a]', '__proto__', 'constructor', 'toString'), word)
const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
const form = fc.array(fc.tuple(name, word), { maxLength: 8 }).map(fields => fields.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&'))
const body = fc.oneof({ weight: 4, arbitrary: form.map(text => Buffer.from(text)) }, fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)), word.map(text => Buffer.from(text)))

const page = fc.constantFrom('/', '/about', '/contact', '/login', '/signup', '/logout', '/dashboard', '/session', '/account', '/account/devices', '/account/profile', '/account/email', '/account/password', '/account/reauthenticate', '/account/confirm', '/account/delete', '/account/export', '/account/devices/x/revoke', '/account/devices/revoke-others', '/assets/pico.css', '/health/live', '/health/ready', '/nothing', '/unreadable-address')
const piece = fc.oneof(fc.constantFrom('..', '.', '%2e', '%2f', '%', '%ff', '%00', '\\', '//', ';', ':', '*', '?', '#', '__proto__', 'constructor'), fc.webSegment())
const path = fc.tuple(fc.oneof({ weight: 3, arbitrary: page }, fc.array(piece, { maxLength: 5 }).map(pieces => `/${pieces.join('/')}`)), fc.option(fc.tuple(name, word)))
  .map(([path, query]) => query === null ? path : `${path}?${query.map(encoded).join('=')}`)
// An injected request goes through the WHATWG parser, which takes less than a socket does and tidies the rest.
const injectedPath = path.filter(path => URL.canParse(path, 'http://localhost'))

/** What Node lets into a header: what else is sent never becomes a request. */
const headerText = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).filter(code => code < 0x7f || code > 0x9f).map(code => String.fromCharCode(code)), maxLength: 60 })
const cookie = fc.array(fc.tuple(fc.constantFrom('session', '__Host-session', '__proto__', '', 'a'), headerText), { maxLength: 4 }).map(pairs => pairs.map(pair => pair.join('=')).join('; '))
const headers = fc.record({
  accept: fc.oneof(fc.constantFrom('text/html', 'application/json', '*/*', 'text/html;q=x', ',;'), headerText),
  cookie: fc.oneof(cookie, headerText),
  'content-type': fc.oneof({ weight: 4, arbitrary: fc.constant('application/x-www-form-urlencoded') }, fc.constantFrom('application/json', 'text/plain', 'multipart/form-data; boundary=x'), headerText),
  'sec-fetch-site': fc.oneof({ weight: 4, arbitrary: fc.constant('same-origin') }, fc.constantFrom('cross-site', 'none'), headerText),
  origin: headerText,
  host: headerText,
  'x-forwarded-for': headerText,
  'x-forwarded-proto': headerText,
  'accept-encoding': headerText,
  'if-none-match': headerText,
  range: headerText,
  referer: headerText
}, { requiredKeys: [] })

const request = fc.record({ method: fc.constantFrom('GET', 'HEAD', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'), path: injectedPath, headers, body })

/** What an answer shows of the inside. */
const inside = /node_modules|\bat .+:\d+:\d+|sqlite|data\/session-secret|\$argon2/i

t.comment(`seed ${seed}`)

t.test('no request of a stranger, however strange, breaks anything or opens a session', async t => {
  const { app, browser } = await openService(t, { LOG_LEVEL: 'silent' })
  await browser().signUp()
  const users = sqliteIn(app).prepare('select count(*) from users').pluck()

  await fc.assert(fc.asyncProperty(request, async ({ method, path, headers, body }) => {
    const before = users.get()
    const stranger = browser()
    const answer = await stranger.send(method as 'GET', path, headers, method === 'GET' || method === 'HEAD' ? undefined : body)
    const signedUp = method === 'POST' && path.startsWith('/signup') && answer.status === 303
    const loggedIn = method === 'POST' && answer.status === 303 && answer.location !== '/login'
    fc.pre(!signedUp && !loggedIn)
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.body}`)
    if (inside.test(answer.body)) throw new Error(`shows the inside: ${answer.body}`)
    if (users.get() !== before) throw new Error('made a user')
    if (await stranger.isLoggedIn()) throw new Error('logged in')
    if (answer.status === 303 && !goesHere(answer.location)) throw new Error(`leads to ${answer.location}`)
  }), settings)
  t.equal((await app.inject('/health/ready')).statusCode, 200, `seed ${seed}`)
})

t.test('no form of somebody logged in, however strange, breaks anything', async t => {
  const { browser } = await openService(t, { LOG_LEVEL: 'silent' })
  const laptop = browser()
  await laptop.signUp()

  await fc.assert(fc.asyncProperty(request, async ({ method, path, headers, body }) => {
    fc.pre(!path.startsWith('/logout') && !path.startsWith('/login'))
    const phone = browser()
    const cookie = `session=${laptop.cookies.get('session')}`
    const answer = await phone.send(method as 'GET', path, { ...headers, cookie }, method === 'GET' || method === 'HEAD' ? undefined : body)
    // Whoever logs out the others goes on under a new id.
    for (const [name, value] of phone.cookies) laptop.cookies.set(name, value)
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.body}`)
    if (inside.test(answer.body)) throw new Error(`shows the inside: ${answer.body}`)
    if (answer.status === 303 && !goesHere(answer.location)) throw new Error(`leads to ${answer.location}`)
  }), settings)
  t.ok(await laptop.isLoggedIn(), `seed ${seed}`)
})

t.test('wherever the login is told to lead, it leads here', async t => {
  const { browser } = await openService(t, { LOG_LEVEL: 'silent' })
  const laptop = browser()
  await laptop.signUp()
  const next = fc.oneof(
    fc.array(fc.constantFrom('/', '\\', '.', '..', '%2e', '%2f', '%5c', '\t', '\n', '\r', ' ', '@', ':', '?', '#', 'evil.example', 'http:', 'javascript:', '\0', '／', '。', '\ufeff'), { maxLength: 8 }).map(pieces => pieces.join('')),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    word
  )
  await fc.assert(fc.asyncProperty(next, async next => {
    const answer = await laptop.get(`/login?next=${encoded(next)}`)
    if (answer.status !== 303 || !goesHere(answer.location)) throw new Error(`${answer.status} ${answer.location}`)
  }), settings)
  t.pass(`seed ${seed}`)
})

t.test('no path breaks anything, as it stands on the wire', async t => {
  const { app } = await openService(t, { LOG_LEVEL: 'silent' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const ask = (path: string) => new Promise<number | undefined>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent: false }, answer => { answer.resume().on('end', () => resolve(answer.statusCode)) }).on('error', reject)
  })
  await fc.assert(fc.asyncProperty(path, async path => {
    const status = await ask(path)
    if (status === undefined || status >= 500) throw new Error(`${status} ${path}`)
  }), settings)
  t.equal(await ask('/health/live'), 200, `seed ${seed}`)
})

/** A request as it should be, and the bytes that stand in it instead of others. */
const bytes = fc.tuple(
  fc.constantFrom(
    'GET /dashboard HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nCookie: session=a.b\r\n\r\n',
    'POST /login HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n\r\nemail=a&password=bc',
    'POST /signup HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nemail=a\r\n0\r\n\r\n',
    'HEAD /account HTTP/1.0\r\n\r\nGET /about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    ''
  ),
  fc.array(fc.record({
    at: fc.nat(250),
    drop: fc.nat(12),
    add: fc.oneof(fc.constantFrom('\r\n', '\n', '\r', ' ', '\t', '\0', ':', ';', '%', '\r\n\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', 'Expect: 100-continue\r\n', 'Connection: upgrade\r\nUpgrade: h2c\r\n', '//', 'ffffffff').map(text => Buffer.from(text)), fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes)))
  }), { maxLength: 4 })
).map(([request, changes]) => changes.reduce((bytes, { at, drop, add }) => Buffer.concat([bytes.subarray(0, at), add, bytes.subarray(at + drop)]), Buffer.from(request)))

t.test('no bytes on the wire break anything or open a session', async t => {
  const { app, browser } = await openService(t, { LOG_LEVEL: 'silent' })
  await browser().signUp()
  const { say } = await openWire(app)
  const users = sqliteIn(app).prepare('select count(*) from users').pluck()
  await fc.assert(fc.asyncProperty(fc.array(bytes, { minLength: 20, maxLength: 20 }), async requests => {
    for (const { text } of await Promise.all(requests.map(bytes => say(bytes, 100)))) {
      if (!/^$|^HTTP\/1\.1 [1234]/.test(text)) throw new Error(text)
      if (inside.test(text)) throw new Error(`shows the inside: ${text}`)
    }
    if (users.get() !== 1) throw new Error('made a user')
    if (sqliteIn(app).prepare('select count(*) from sessions where user_id is not null').pluck().get() !== 1) throw new Error('logged in')
  }), settings)
  t.equal((await say('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).status, 200, `seed ${seed}`)
})

/** Whether a browser that is sent there stays on this site. */
function goesHere (location = '') {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(location) && new URL(location, 'http://localhost:3000').origin === 'http://localhost:3000'
}
