import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { openService, HOUR_MS, sqliteIn, type Answer, type Service } from '../helper.ts'

const json = { accept: 'application/json' }
const cleared = 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'

async function openWithGrace (t: Test, settings = {}) {
  const service = await openService(t, settings)
  const laptop = service.browser()
  await laptop.signUp()
  const cookie = decodeURIComponent(laptop.cookies.get('session') ?? '')
  return { service, laptop, cookie, id: cookie.slice(0, cookie.indexOf('.')) }
}

function rows ({ app }: Service) {
  const count = (table: string) => Number(sqliteIn(app).prepare(`select count(*) from ${table}`).pluck().get())
  return { users: count('users'), sessions: count('sessions') }
}

/** As @fastify/cookie signs: with the secret that the service made for itself. */
function signed ({ folder }: Service, id: string) {
  const secret = readFileSync(join(folder, 'data', 'session-secret'), 'utf8').trim()
  return `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`
}

/** A cookie that opens nothing: every page treats its bearer as nobody, no row is made or lost, and it is cleared. */
async function opensNothing (t: Test, service: Service, header: string, what = header.slice(0, 60)) {
  const before = rows(service)
  const bearer = service.browser({ headers: { cookie: header } })
  for (const [path, status] of [['/login', 200], ['/signup', 200], ['/logout', 200], ['/nothing', 404], ['/%ff', 400]] as const) t.equal((await bearer.get(path)).status, status, `${path} ${what}`)
  t.equal((await bearer.get('/session', json)).status, 401, what)
  const guarded = await bearer.get('/dashboard')
  t.strictSame([guarded.status, guarded.location], [303, '/login?next=%2Fdashboard'], what)
  t.equal((await bearer.submit('/login', { email: 'grace@example.com' })).status, 400)
  t.strictSame(rows(service), before, what)
  return guarded
}

function isCleared (t: Test, answer: Answer) {
  t.strictSame(answer.setCookies, [cleared])
}

t.test('a cookie is signed, for this host, out of reach of scripts, and ends with the browser', async t => {
  const service = await openService(t)
  const { setCookies } = await service.browser().signUp()
  t.strictSame(setCookies.map(line => line.split('=', 1)[0]), ['session', 'device'])
  t.match(setCookies[0], /^session=[\w-]{32}\.[\w%+/-]+; Path=\/; HttpOnly; SameSite=Lax$/)
})

t.test('an invented cookie opens nothing and is cleared', async t => {
  const { service, id } = await openWithGrace(t)
  const inventions = [
    'x', '.', '..', 'a.b', 'undefined', 'null', '0', 'true', '[object Object]', '{}', '%00', '%', '%zz', '%E0%A4%A', 'é', '__proto__', 'constructor', 'constructor.x', '../../data', "' or 1=1 --", '"quoted"', '=', '==',
    id, `${id}.`, `.${id}`, handleOf(id), `${id}.${handleOf(id)}`, `${id}.undefined`, 'x'.repeat(4096), `${'x'.repeat(4000)}.${'y'.repeat(90)}`, `${id}.${'A'.repeat(43)}`, 's%3Ax.y', 'session=session', '\u00ff', '%F0%9F%94%91'
  ]
  for (const value of inventions) isCleared(t, await opensNothing(t, service, `session=${value}`))
})

t.test('an empty cookie, or one of another name, is none', async t => {
  const { service, cookie } = await openWithGrace(t)
  const answers = ['session', 'sessionId=x', `Session=${cookie}`, `sessio=${cookie}`, `__Host-session=${cookie}`, `__Secure-session=${cookie}`, ';', ';;;;', '=', '=x', `a=b; c=${'d'.repeat(4096)}`, '__proto__=x', 'constructor=x; toString=y', ','.repeat(2000), ';'.repeat(4000), '\t']
  for (const header of answers) t.strictSame((await opensNothing(t, service, header)).setCookies, [], header.slice(0, 40))
})

t.test('a cookie that was tampered with, at whichever place, opens nothing and leaves the session alone', async t => {
  const { service, laptop, cookie } = await openWithGrace(t)
  for (let place = 0; place < cookie.length; place += 3) {
    const other = cookie[place] === 'A' ? 'B' : 'A'
    isCleared(t, await opensNothing(t, service, `session=${encodeURIComponent(cookie.slice(0, place) + other + cookie.slice(place + 1))}`, `at ${place}`))
  }
  const half = cookie.indexOf('.')
  for (const wrong of [`${cookie}A`, `A${cookie}`, cookie.slice(0, -1), cookie.slice(1), `${cookie}.x`, cookie.toLowerCase(), cookie.slice(half + 1) + cookie.slice(0, half), cookie.replace('.', ''), cookie.replace('.', '..'), `${cookie},${cookie}`]) {
    isCleared(t, await opensNothing(t, service, `session=${encodeURIComponent(wrong)}`))
  }
  t.ok(await laptop.isLoggedIn())
})

t.test('a cookie that we signed for a session that is not there opens nothing', async t => {
  const { service, cookie, id } = await openWithGrace(t)
  t.equal(signed(service, id), cookie, 'signed as the service signs')
  for (const unknown of ['x'.repeat(32), '', '.', '__proto__', 'constructor', handleOf(id), 'x'.repeat(3000), id.slice(1), `${id} `, "' or '1'='1", '*', '%', '\0']) {
    isCleared(t, await opensNothing(t, service, `session=${encodeURIComponent(signed(service, unknown))}`, `signed ${unknown.slice(0, 40)}`))
  }
})

t.test('what stands in the store does not open the session', async t => {
  const { service } = await openWithGrace(t)
  const [{ handle }] = sqliteIn(service.app).prepare('select handle from sessions').all() as [{ handle: string }]
  for (const value of [handle, `${handle}.${handle}`, signed(service, handle)]) await opensNothing(t, service, `session=${encodeURIComponent(value)}`)
})

t.test('a session of ours under a secret that is not ours opens nothing', async t => {
  const { service, laptop, id } = await openWithGrace(t)
  const forged = `${id}.${createHmac('sha256', 'x'.repeat(43)).update(id).digest('base64').replace(/=+$/, '')}`
  isCleared(t, await opensNothing(t, service, `session=${encodeURIComponent(forged)}`))
  t.ok(await laptop.isLoggedIn())
})

t.test('of two cookies of the same name neither is believed', async t => {
  const { service, laptop, cookie } = await openWithGrace(t)
  const mine = `session=${cookie}`
  for (const header of [`${mine}; ${mine}`, `${mine}; session=x`, `session=x; ${mine}`, `session=; ${mine}`, `${mine}; session=`, `${mine};session=x`, `${mine} ; session= x`, `a=b; ${mine}; c=d; session="x"`, `${mine};\tsession=x`]) {
    isCleared(t, await opensNothing(t, service, header))
  }
  t.ok(await laptop.isLoggedIn(), 'alone it still opens the session')
})

t.test('cookies of neighbours do not matter', async t => {
  const { service, cookie } = await openWithGrace(t)
  for (const header of [`a=b; session=${cookie}`, `session=${cookie}; a=b`, `xsession=1; session=${cookie}; session2=3`, `session=${cookie};`, ` session=${cookie}`, `;;session=${cookie};;`, `sess%69on=x; session=${cookie}`, `a=session=x; session=${cookie}`, `SESSION=x; session=${cookie}`]) {
    t.equal((await service.browser({ headers: { cookie: header } }).get('/session', json)).status, 200, header.slice(0, 30))
  }
})

t.test('nor does one whose name only looks like ours: a host next door can plant it without what the prefix asks for', async t => {
  const { browser } = await openService(t, { PUBLIC_URL: 'https://example.com', TRUSTED_PROXIES: '127.0.0.1' })
  const [laptop, neighbour] = [browser({ headers: { 'x-forwarded-proto': 'https' } }), browser({ headers: { 'x-forwarded-proto': 'https' } })]
  await neighbour.signUp()
  const planted = `\u00a0__Host-session=${neighbour.cookies.get('__Host-session')}`
  t.match(await laptop.get('/session', { cookie: planted }), { status: 401, setCookies: [] })
  t.equal((await laptop.get('/authz/nginx', { 'x-original-url': 'https://example.com/', cookie: planted })).status, 401)
  await laptop.logIn()
  const both = { cookie: `${planted}; __Host-session=${laptop.cookies.get('__Host-session')}` }
  for (const path of ['/session', '/dashboard']) t.equal((await laptop.get(path, both)).status, 200, path)
})

t.test('pages, programs and proxies read every header alike', async t => {
  const service = await openService(t, { PUBLIC_URL: 'https://example.com', TRUSTED_PROXIES: '127.0.0.1' })
  const laptop = service.browser({ headers: { 'x-forwarded-proto': 'https' } })
  await laptop.signUp()
  const value = laptop.cookies.get('__Host-session')!
  const mine = `__Host-session=${value}`
  const opens = async (cookie: string) => await Promise.all(['/session', '/dashboard', '/authz/nginx'].map(async path =>
    (await service.browser({ headers: { 'x-forwarded-proto': 'https', cookie } }).get(path, { 'x-original-url': 'https://app.example.com/' })).status === 200))
  const blanks = [mine, ` ${mine}`, `\t${mine}\t`, `__Host-session= ${value} `, `__Host-session=\t${value}`]
  for (const header of blanks) t.strictSame(await opens(header), [true, true, true], JSON.stringify(header.replace(value, '…')))
  const others = ['__Host-session =x', '__Host-session\t=x', '__Host-session\u00a0=x', '\u00a0__Host-session=x', '\ufeff__Host-session=x', '__host-session=x', '"__Host-session"=x', '__Host%2dsession=x', '=__Host-session=x', '__Host-session', '__Host-session ', '__Host-session,=x', 'a="__Host-session=x"', '$Version=1']
  for (const other of others) for (const header of [`${other}; ${mine}`, `${mine}; ${other}`]) t.strictSame(await opens(header), [true, true, true], JSON.stringify(other))
  for (const other of others) t.strictSame(await opens(other.replace(/x$/, value)), [false, false, false], `${JSON.stringify(other)} alone`)
  const spoiled = [`__Host-session="${value}"`, `__Host-session=${value}\u00a0`, `__Host-session=\u3000${value}`, `${mine}=`, `${mine}%`, `${mine},`, `${mine};${mine}`, `__Host-session=; ${mine}`]
  for (const header of spoiled) t.strictSame(await opens(header), [false, false, false], JSON.stringify(header.replaceAll(value, '…')))
})

t.test('a login with two cookies begins a session under a new id', async t => {
  const { service, cookie } = await openWithGrace(t)
  const bearer = service.browser({ headers: { cookie: `session=${cookie}; session=x` } })
  const answer = await bearer.logIn()
  t.equal(answer.status, 303)
  t.strictSame(answer.setCookies.map(line => line.split('=', 1)[0]), ['session', 'device'])
  const fresh = service.browser()
  fresh.cookies.set('session', bearer.cookies.get('session')!)
  t.ok(await fresh.isLoggedIn())
  t.not(decodeURIComponent(bearer.cookies.get('session')!), cookie)
})

t.test('whoever plants an id before the login knows nothing after it', async t => {
  const { service } = await openWithGrace(t)
  const mallory = service.browser()
  await mallory.get('/')
  const planted = mallory.cookies.get('session')!
  const victim = service.browser()
  victim.cookies.set('session', planted)
  t.equal((await victim.logIn()).status, 303)
  t.not(victim.cookies.get('session'), planted)
  t.notOk(await mallory.isLoggedIn())
  isCleared(t, await opensNothing(t, service, `session=${planted}`))
})

t.test('a cookie whose session has ended is cleared, and brings nothing back', async t => {
  const { service, laptop } = await openWithGrace(t)
  const cookie = laptop.cookies.get('session')!
  await laptop.logOut()
  isCleared(t, await opensNothing(t, service, `session=${cookie}`))

  const phone = service.browser()
  await phone.logIn()
  const late = phone.cookies.get('session')!
  service.time.pass(HOUR_MS)
  const answer = await phone.get('/session', json)
  t.equal(answer.status, 401)
  isCleared(t, answer)
  isCleared(t, await opensNothing(t, service, `session=${late}`))
})

t.test('a logout with any cookie is fine, and clears it', async t => {
  const { service, laptop, cookie } = await openWithGrace(t)
  for (const header of ['session=x', `session=${signed(service, 'unknown')}`, `session=${cookie}; session=${cookie}`, `session=${'x'.repeat(4096)}`, 'session=%']) {
    const answer = await service.browser({ headers: { cookie: header } }).logOut()
    t.strictSame([answer.status, answer.location], [303, '/login'])
    isCleared(t, answer)
  }
  t.ok(await laptop.isLoggedIn(), 'none of them ended a session')
})

t.test('a visit with a cookie that opens nothing begins a new session, never that one', async t => {
  const { service } = await openWithGrace(t)
  for (const header of ['session=x', `session=${encodeURIComponent(signed(service, 'chosen by mallory'))}`]) {
    const visitor = service.browser({ headers: { cookie: header } })
    const answer = await visitor.get('/')
    t.equal(answer.status, 200)
    t.equal(answer.setCookies.length, 1)
    t.match(answer.setCookies[0], /^session=[\w-]{32}\./)
  }
  t.equal(await service.app.sessions.read(handleOf('chosen by mallory')), null)
})

t.test('what was planted in the store is nobody\'s session, and is removed', async t => {
  const { service, laptop, id } = await openWithGrace(t)
  const table = sqliteIn(service.app)
  const [row] = table.prepare('select fields from sessions').all() as [{ fields: string }]
  const spoil = table.prepare('update sessions set fields = ? where handle = ?')
  const record = row.fields.slice(0, -2)
  for (const planted of [...['"save":1', '"__proto__":{"identity":1}', '"cookie":{"path":"/evil"}', '"constructor":1', '"sessionId":"x"', '"core":"x"'].map(field => `${record}${field}}}`), 'null', '[]', '"x"', '{', '', '{"userId":1}', '{"userId":"somebody else"}']) {
    await laptop.logIn()
    const handle = handleOf(decodeURIComponent(laptop.cookies.get('session')!).split('.')[0]!)
    spoil.run(planted, handle)
    const answer = await laptop.get('/dashboard')
    t.equal(answer.status, 303, planted.slice(-40))
    t.match(answer.location, /^\/login/)
    isCleared(t, answer)
    t.equal(table.prepare('select handle from sessions where handle = ?').get(handle), undefined)
  }
  t.notOk('identity' in {})
  t.notMatch(JSON.stringify(service.log), id)
})

t.test('a user who is gone, a session without a user\'s epoch: nobody', async t => {
  const { service, laptop } = await openWithGrace(t)
  sqliteIn(service.app).exec('update users set session_epoch = session_epoch + 1')
  const answer = await laptop.get('/dashboard')
  t.equal(answer.status, 303)
  isCleared(t, answer)
  t.equal(rows(service).sessions, 0)
})

t.test('under https the cookie has the prefix, is Secure, and is cleared as it was set', async t => {
  const https = { 'x-forwarded-proto': 'https' }
  const service = await openService(t, { PUBLIC_URL: 'https://login.example.com', TRUSTED_PROXIES: '127.0.0.1' })
  const laptop = service.browser({ headers: https })
  t.match((await laptop.signUp()).setCookies, [/^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/])
  t.ok(await laptop.isLoggedIn())
  const cookie = laptop.cookies.get('__Host-session')!
  t.match((await laptop.logOut()).setCookies, [/^__Host-session=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/])
  t.notOk(laptop.cookies.has('__Host-session'))
  for (const header of ['__Host-session=x', `__Host-session=${cookie}`, `__Host-session=${cookie}; __Host-session=${cookie}`]) {
    t.match((await service.browser({ headers: { ...https, cookie: header } }).get('/login')).setCookies, [/^__Host-session=; Max-Age=0; Path=\/; .*Secure/])
  }
  t.strictSame((await service.browser({ headers: { ...https, cookie: `session=${cookie}` } }).get('/login')).setCookies, [], 'one without the prefix is not ours')
})

t.test('shared with sibling hosts it is __Secure-, and cleared for all of them', async t => {
  const https = { 'x-forwarded-proto': 'https' }
  const service = await openService(t, { PUBLIC_URL: 'https://login.example.com', COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1' })
  const laptop = service.browser({ headers: https })
  t.match((await laptop.signUp()).setCookies, [/^__Secure-session=[^;]+; Domain=example\.com; Path=\/; HttpOnly; Secure; SameSite=Lax$/])
  t.match((await laptop.logOut()).setCookies, [/^__Secure-session=; Max-Age=0; Domain=example\.com; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/])
})

t.test('no id stands in a page, an address, the store or the log', async t => {
  const { service, laptop, id } = await openWithGrace(t, { LOG_LEVEL: 'trace' })
  for (const path of ['/', '/about', '/dashboard', '/session', '/logout', '/nothing']) t.notMatch((await laptop.get(path)).body, id, path)
  t.notMatch(JSON.stringify(sqliteIn(service.app).prepare('select * from sessions').all()), id)
  t.notMatch(JSON.stringify(service.log), id)
})

t.test('asking for a page again and again writes nothing to the store', async t => {
  const { service, laptop } = await openWithGrace(t)
  const changes = () => sqliteIn(service.app).prepare('select total_changes()').pluck().get()
  await service.app.accountEvents.flush()
  const before = changes()
  for (const path of ['/dashboard', '/session', '/logout', '/dashboard', '/nothing', '/signup', '/login']) t.strictSame((await laptop.get(path)).setCookies, [], path)
  t.equal(changes(), before)
})
