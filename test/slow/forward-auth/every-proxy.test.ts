import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { disableAccount, enableAccount } from '../../../src/accounts/disable-account.ts'
import { freePort } from '../../free-port.ts'
import { grace, sqliteIn } from '../../helper.ts'
import { type Application, type Got, startApplication, valuesOf } from '../../forward-auth/application.ts'
import { openPlace, type Place } from '../../forward-auth/place.ts'
import { proxyNames, startProxy } from '../../forward-auth/proxies.ts'
import { type Lines, Visitor } from '../../forward-auth/visitor.ts'

const ada = { ...grace, first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' }
const identity = ['remote-user', 'remote-email', 'remote-name', 'remote-session']
const rules = 'app.example.com/public anyone; app.example.com/hers ada@example.com; app.example.com users; wiki.example.com anyone'

/** What a client could say to be let in: everything also in other spellings, and twice. */
const claims: Record<string, string> = {
  ...Object.fromEntries([...identity, 'remote-groups'].map(name => [name, 'forged'])),
  'x-forwarded-host': 'wiki.example.com',
  'x-forwarded-uri': '/public',
  'x-forwarded-method': 'POST',
  'x-forwarded-proto': 'http',
  'x-forwarded-for': '192.0.2.66',
  'x-original-url': 'https://app.example.com/public',
  'x-original-method': 'POST',
  forwarded: 'for=192.0.2.66;host=wiki.example.com;proto=http'
}
const forged: Lines = Object.entries(claims).flatMap(([name, value]) => [name, name, name.toUpperCase(), name.replaceAll('-', '_'), name.replace('-', '_').toUpperCase()].map(spelling => [spelling, value] as [string, string]))
forged.push(['Accept', 'text/html'])

for (const proxy of proxyNames) {
  t.test(proxy, async t => {
    const place = await openPlace(t, proxy, { FORWARD_AUTH_RULES: rules })
    for (const [name, fact] of Object.entries(facts)) t.test(`${proxy}: ${name}`, t => fact(t, place, () => newOnes(place.application)))
  })

  t.test(`${proxy}: when Latchkey cannot know who it is, or is not there, nobody passes`, async t => {
    const place = await openPlace(t, proxy)
    const laptop = place.visitor()
    await laptop.signUp(place.login)
    t.equal((await laptop.get(`${place.app}/`)).status, 200)
    sqliteIn(place.service.app).close()
    const refusals = async () => await Promise.all([laptop.get(`${place.app}/`).then(({ status }) => status), laptop.upgrade(`${place.app}/`)])
    for (const status of await refusals()) t.ok(Number(status) >= 500)
    await place.service.app.close()
    for (const status of await refusals()) t.ok(Number(status) >= 500)
    t.equal(place.application.got.length, 1)
  })
}

t.test('haproxy: when its Lua fails, nobody passes', async t => {
  const [proxy, application] = [await freePort(), await startApplication(t)]
  // Asked in the place of Latchkey, it says 200 and names nobody.
  await startProxy(t, 'haproxy', { proxy, latchkey: application.port, application: application.port })
  t.equal((await new Visitor(proxy).get('https://app.example.com/')).status, 503)
  t.match(application.got, [{ path: '/authz/traefik' }])
})

/** What came to the application since it was last asked. */
function newOnes ({ got }: Application): Got[] {
  return got.splice(0)
}

type Fact = (t: Test, place: Place, arrived: () => Got[]) => Promise<void>

const facts: Record<string, Fact> = {
  'who is not logged in is sent to the login, and from there back, with an identity': async (t, { app, login, visitor, service }, arrived) => {
    const laptop = visitor()
    const asked = `${app}/page?a=1&b=%2F`
    const sent = await laptop.get(asked)
    t.strictSame([sent.status, sent.location], [303, `${login}/login?next=${encodeURIComponent(asked)}`])
    await laptop.signUp(login, { ...grace, first_name: 'Zoë 名' })
    await laptop.post(`${login}/logout`, {})
    t.match((await laptop.get(sent.location!)).body, `name="next" value="${asked.replace('&', '&amp;')}"`)
    t.strictSame(arrived(), [])
    t.match(await laptop.logIn(login, { next: asked }), { status: 303, location: asked })
    t.equal((await laptop.get(asked)).status, 200)
    const [got, ...more] = arrived()
    t.match([got, ...more], [{ method: 'GET', path: '/page?a=1&b=%2F' }])
    const user = (await service.app.users.findByEmail(grace.email))!
    const handles = (await service.app.sessions.listOf(user.id)).map(({ handle }) => handle)
    t.strictSame(identity.map(name => valuesOf(got!, name)), [[user.id], [grace.email], ['Zoë 名 Hopper'], handles])
  },

  'a second application needs no second login, and a logout ends both': async (t, { app, wiki, login, visitor }, arrived) => {
    const laptop = visitor()
    await laptop.logIn(login)
    for (const host of [app, wiki]) await laptop.get(`${host}/`)
    t.strictSame(arrived().map(got => valuesOf(got, 'remote-email')), [[grace.email], [grace.email]])
    await laptop.post(`${login}/logout`, {})
    t.equal((await laptop.get(`${app}/`)).status, 303)
    t.strictSame(arrived(), [])
  },

  'a program is told 401, a form is not asked for again, and an application’s own 401 stays': async (t, { app, login, visitor }, arrived) => {
    const laptop = visitor()
    for (const line of [['Accept', 'application/json'], ['X-Requested-With', 'XMLHttpRequest'], ['Sec-Fetch-Mode', 'cors']] as Lines) {
      t.match(await laptop.get(`${app}/`, [line]), { status: 401, location: undefined }, line.join())
    }
    t.equal((await laptop.post(`${app}/form`, { a: 'b' })).location, `${login}/login`)
    t.strictSame(arrived(), [])
    await laptop.logIn(login)
    t.match(await laptop.get(`${app}/own-401`), { status: 401, body: 'Hello' })
    t.equal(arrived().length, 1)
  },
  'what a client says of itself or of what it asks for changes nothing': async (t, { app, login, visitor, service }, arrived) => {
    const [stranger, laptop] = [visitor(), visitor()]
    t.equal((await stranger.get(`${app}/page`, forged)).location, `${login}/login?next=${encodeURIComponent(`${app}/page`)}`)
    t.strictSame(arrived(), [])
    await laptop.send(`${login}/login`, { method: 'POST', lines: [...forged, ['Sec-Fetch-Site', 'same-origin'], ['Content-Type', 'application/x-www-form-urlencoded']], body: new URLSearchParams({ email: grace.email, password: grace.password }).toString() })
    t.equal(service.log.findLast(({ event }) => event === 'logged in')?.address, '127.0.0.1')
    for (const lines of [forged, [['Connection', `close, ${Object.keys(claims).join(', ')}`]] as Lines]) {
      await laptop.get(`${app}/page`, lines)
      const [got] = arrived()
      t.strictSame(valuesOf(got!, 'remote-email'), [grace.email])
      for (const name of identity) t.match(valuesOf(got!, name), [/^(?!forged)./], name)
      t.strictSame([valuesOf(got!, 'x-forwarded-for'), valuesOf(got!, 'remote-groups')], [['127.0.0.1'], []])
    }
    await stranger.get(`${app}/public`, forged)
    const [got] = arrived()
    for (const name of identity) t.equal(valuesOf(got!, name).join(), '', name)
  },

  'rules decide: anyone passes without an identity, the wrong user is a 403': async (t, { app, login, visitor }, arrived) => {
    const [stranger, laptop, hers] = [visitor(), visitor(), visitor()]
    await laptop.logIn(login)
    await hers.signUp(login, ada)
    t.match([await stranger.get(`${app}/public`), await hers.get(`${app}/hers`), await laptop.get(`${app}/hers`), await stranger.get(`${app}/hers`)].map(({ status }) => status), [200, 200, 403, 303])
    t.strictSame(arrived().map(got => [got.path, valuesOf(got, 'remote-email').join()]), [['/public', ''], ['/hers', ada.email]])
  },

  'no way of writing a path or a host opens what is closed': async (t, { app, wiki, visitor }, arrived) => {
    const stranger = visitor()
    const paths = ['//hers', '/./hers', '/public/../hers', '/public/..%2fhers', '/public/%2e%2e/hers', '/public%2f..%2fhers', '/public;/../hers', '/public/..;/hers', '/%70ublic/../hers', '/public\\..\\hers', '/HERS', '/%68ers', '/public?/../hers#', '/public#/../hers', '/public//../hers']
    for (const path of paths) await stranger.get(app + path)
    t.strictSame(arrived().map(({ path }) => path).filter(path => !/^\/public\?/.test(path)), [])
    await stranger.send(`${wiki}/`, { target: `${app}/` })
    await stranger.send(`${app}/`, { target: `${wiki}/` })
    await stranger.send(`${app}/`, { host: new URL(wiki).host })
    await stranger.send(`${wiki}/`, { host: new URL(app).host })
    await stranger.get(`${wiki}/`, [['Host', new URL(app).host]])
    await stranger.get(`${app}/`, [['Host', new URL(wiki).host]])
    for (const got of arrived()) t.match([got.path, valuesOf(got, 'host')], ['/', [/^wiki\.example\.com/]])
    await stranger.send(`${app}/`, { host: 'other.example.com' })
    t.strictSame(arrived(), [])
  },

  'nobody else asks who may pass': async (t, { app, login, visitor }) => {
    for (const path of ['/authz/nginx', '/authz/caddy', '/authz/traefik', '/authz/envoy/']) {
      t.equal((await visitor().get(login + path, forged)).status, 404, path)
    }
    t.notMatch((await visitor().get(`${app}/latchkey-authz`)).body, 'Hello')
  },

  'what is sent arrives as it is, and nothing of it without a login': async (t, { app, login, visitor }, arrived) => {
    const laptop = visitor()
    const body = '0123456789abcdef'.repeat(4096)
    const send = async (method: string, lines: Lines = []) => (await laptop.send(`${app}/form`, { method, lines: [['Content-Type', 'text/plain'], ['Accept', 'application/json'], ...lines], body })).status
    t.equal(await send('POST'), 401)
    await laptop.logIn(login)
    for (const method of ['POST', 'PUT', 'DELETE']) t.equal(await send(method), 200)
    t.equal(await send('POST', [['Transfer-Encoding', 'chunked']]), 200)
    t.strictSame(arrived().map(got => [got.method, got.body === body]), [['POST', true], ['PUT', true], ['DELETE', true], ['POST', true]])
  },

  'a WebSocket opens for who is logged in': async (t, { app, login, visitor }, arrived) => {
    const laptop = visitor()
    t.equal(await laptop.upgrade(`${app}/socket`), 401)
    t.strictSame(arrived(), [])
    await laptop.logIn(login)
    const socket = await laptop.upgrade(`${app}/socket`, forged) as Duplex
    socket.write('are you there?')
    t.equal(String((await once(socket, 'data'))[0]), 'are you there?')
    socket.destroy()
    t.match(arrived().map(got => [got.path, valuesOf(got, 'remote-email')]), [['/socket', [grace.email]]])
  },

  'who is revoked or disabled is out at the next request': async (t, { app, login, visitor, service }, arrived) => {
    const [laptop, phone] = [visitor(), visitor()]
    for (const device of [laptop, phone]) await device.logIn(login)
    t.equal((await phone.get(`${app}/`)).status, 200)
    await laptop.post(`${login}/account/devices/revoke-others`, {})
    t.equal((await phone.get(`${app}/`)).status, 303)
    t.equal((await laptop.get(`${app}/`)).status, 200)
    const user = (await service.app.users.findByEmail(grace.email))!
    await disableAccount(service.app.transact, user.id, new Date())
    t.equal((await laptop.get(`${app}/`)).status, 303)
    await enableAccount(service.app.transact, user.id)
    t.equal(arrived().length, 2)
  },

  'the application never sees the session’s cookie': async (t, { app, login, visitor }, arrived) => {
    const laptop = visitor()
    laptop.cookies.set('theme', { value: 'dark', domain: 'example.com' })
    await laptop.logIn(login)
    laptop.cookies.set('lang', { value: 'en', domain: 'example.com' })
    await laptop.get(`${app}/`)
    await laptop.get(`${app}/`, [['Cookie', 'first=1']])
    t.strictSame(arrived().map(got => valuesOf(got, 'cookie').join('; ')), ['theme=dark; lang=en', 'first=1; theme=dark; lang=en'])
  }
}
