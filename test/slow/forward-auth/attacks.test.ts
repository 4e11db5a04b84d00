import t, { type Test } from 'tap'
import { type Application, type Got, valuesOf } from '../../forward-auth/application.ts'
import { openPlace, type Place } from '../../forward-auth/place.ts'
import { proxyNames } from '../../forward-auth/proxies.ts'
import { rawGet, type Said, sendRaw } from '../../forward-auth/raw.ts'
import { startSwitchingApplication, type SwitchingApplication } from '../../forward-auth/switching-application.ts'

// What a client sends that writes its own bytes.

const rules = 'app.example.com/public anyone; app.example.com users; wiki.example.com anyone; *.example.com users'

for (const proxy of proxyNames) {
  t.test(proxy, async t => {
    const place = await openPlace(t, proxy, { FORWARD_AUTH_RULES: rules })
    for (const [name, fact] of Object.entries(facts)) await t.test(`${proxy}: ${name}`, t => fact(t, place))
  })

  t.test(`${proxy}: no upgrade but to WebSocket is forwarded, and no other opens a tunnel past the rules`, async t => {
    let application: SwitchingApplication | undefined
    const { port } = await openPlace(t, proxy, { FORWARD_AUTH_RULES: rules }, async t => { application = await startSwitchingApplication(t); return application })
    const { heard } = application!
    for (const switchesTo of [null, 'h2c', 'websocket', 'WebSocket', 'foo']) {
      application!.switchesTo = switchesTo
      await Promise.all(otherUpgrades.filter(([line]) => proxy !== 'nginx' || line !== 'Upgrade:').map(async lines => {
        t.notMatch((await upgrade(port, lines)).text, /^HTTP\/1.1 101/, `${String(switchesTo)} ${lines.join()}`)
      }))
      t.notMatch(heard.join(''), /GET \/hers/)
      t.equal(upgradesIn(heard.splice(0)), '')
    }
    // nginx believes every 101 to a client that asked for an upgrade.
    for (const switchesTo of proxy === 'nginx' ? [] : ['h2c', 'foo', 'websocket, h2c']) {
      application!.switchesTo = switchesTo
      t.notMatch((await upgrade(port, ['Upgrade: websocket'])).text, /^HTTP\/1.1 101/, `asked for a WebSocket, the application switches to ${switchesTo}`)
    }
    heard.length = 0
    for (const lines of twoUpgrades) {
      await upgrade(port, lines)
      t.match(upgradesIn(heard.splice(0)), /^(websocket)?$/, lines.join())
    }
    for (const name of ['websocket', 'WebSocket', 'WEBSOCKET']) {
      await upgrade(port, [`Upgrade: ${name}`])
      t.match(upgradesIn(heard.splice(0)), /^websocket$/i, name)
    }
  })
}

// nginx takes an empty header for an upgrade, too, and docs/forward-auth.md says so.
const otherUpgrades = [
  [], ['Upgrade:'], ['Upgrade: h2c'], ['Upgrade: H2C', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'], ['Upgrade: h2c,h2c'], ['Upgrade: HTTP/2.0'], ['Upgrade: TLS/1.0'], ['Upgrade: foo'], ['Upgrade: 0'], ['Upgrade: websocket, h2c'], ['Upgrade: h2c, websocket'], ['Upgrade: h2c,websocket'],
  ['Upgrade: websocket,'], ['Upgrade: ,websocket'], ['Upgrade: websocket/13'], ['Upgrade: "websocket"'], ['Upgrade: websocket;x'], ['Upgrade: websocket x'], ['Upgrade: web socket'], ['Upgrade: xwebsocket'], ['Upgrade: websocketx'], ['Upgrade : h2c'], ['Upgrade\t: h2c'], ['Upgrade: w\u00ebbsocket'], ['Upgrade: websocket\u00a0'],
  ['Upgrade: foo', ' websocket'], ['X: y', ' Upgrade: h2c'], ['UPGRADE: h2c'], ['Upgrade_: h2c'], ['Upgrade: h2c', 'Upgrade: h2c'], ['Upgrade: h2c', 'Content-Length: 0'], ['Upgrade: h2c', 'Connection: HTTP2-Settings'], ['Upgrade: connect-udp'], ['Upgrade: \u017fwebsocket'], ['Upgrade: web\u212aocket']
]
const twoUpgrades = [['Upgrade: websocket', 'Upgrade: h2c'], ['Upgrade: h2c', 'Upgrade: websocket'], ['Upgrade: websocket', 'Upgrade: websocket'], ['upgrade: websocket', 'UPGRADE: foo']]

async function upgrade (port: number, lines: string[]): Promise<Said> {
  const bytes = ['GET /public HTTP/1.1', 'Host: app.example.com', ...lines, 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''].join('\r\n')
  return await sendRaw(port, 'app.example.com', bytes, 'GET /hers HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
}

function upgradesIn (heard: string[]): string {
  return [...heard.join('').matchAll(/^upgrade: *(.*)\r$/gmi)].map(([, name]) => name).join()
}

const facts: Record<string, (t: Test, place: Place) => Promise<void>> = {
  'one valid host name opens an application, by the rule of this one, and no other': async (t, { port, application }) => {
    const send = async (target: string, lines: string[]) => await sendRaw(port, 'app.example.com', rawGet(target, [...lines, 'Accept: text/html']))
    for (const line of ['Host: wiki.example.com', 'Host: wiki.example.com:443', 'hOST: WIKI.example.com']) t.equal((await send('/', [line])).status, 200, line)
    newOnes(application)
    for (const lines of otherHosts) t.ok([400, 403, 404, 421].includes((await send('/', lines)).status), lines.join())
    t.strictSame(newOnes(application), [])
    const targets = ['https://app.example.com/', 'https://wiki.example.com/x', 'https://wiki.example.com?x', 'https://user@wiki.example.com/x', 'https://wiki.example.com:1@app.example.com/', '//wiki.example.com/', 'http://wiki.example.com,app.example.com/', 'HTTPS://WIKI.example.com/x?https://app.example.com/', 'https:///x', 'wiki.example.com:443', '/\\wiki.example.com/']
    for (const target of targets) await Promise.all([...otherHosts, ['Host: app.example.com'], ['Host: wiki.example.com']].map(lines => send(target, lines)))
    for (const got of newOnes(application)) {
      t.match(valuesOf(got, 'host'), [/^wiki\.example\.com(:\d+)?$/i], got.path)
      t.strictSame(valuesOf(got, 'x-forwarded-host'), valuesOf(got, 'host'))
      t.match(got.path, /^\//, 'and never with a whole address')
    }
  },

  'a request that is the client’s mistake is refused, not answered as an error of the server': async (t, { port, application }) => {
    const long = (name: string) => `${name}: a=${'x'.repeat(7_000)}`
    const requests = [
      rawGet('/public', ['Host: app.example.com', long('Cookie'), long('Cookie'), long('Cookie')]),
      rawGet('/public', ['Host: app.example.com', long('A'), long('B'), long('C')]),
      rawGet('/hers', ['Host: app.example.com', ...Array.from({ length: 2_500 }, () => 'A:')]),
      ...['https://app.example.com?x', '*', 'public', '?', '/public/%', '/public/%ff', '/public/\u0080'].map(target => rawGet(target, ['Host: app.example.com']))
    ]
    for (const bytes of requests) {
      const { status } = await sendRaw(port, 'app.example.com', bytes)
      t.ok([303, 400, 401, 403, 431].includes(status), `${status} ${bytes.slice(0, 80)}`)
    }
    t.strictSame(newOnes(application), [])
  },

  'nothing that looks like the proxy’s question reaches Latchkey’s answer': async (t, { port, service }) => {
    const about = ['X-Original-URL: https://app.example.com/public', 'X-Forwarded-Host: app.example.com', 'X-Forwarded-Proto: https', 'X-Forwarded-Uri: /public', 'Forwarded: host=app.example.com', 'Accept: text/html']
    const hosts = ['login.example.com', 'LOGIN.example.com', 'login.example.com.', 'login.example.com:443', 'evil.example', 'app.example.com,login.example.com', '127.0.0.1:3000', 'latchkey']
    service.log.length = 0
    for (const target of questions) {
      const said = await Promise.all(hosts.map(host => sendRaw(port, 'login.example.com', rawGet(target, [`Host: ${host}`, ...about]))))
      for (const { status, text } of said) {
        t.ok([400, 404, 421].includes(status), `${status} ${target}`)
        t.notMatch(text, /^remote-user:/mi, target)
      }
    }
    t.notOk(service.log.some(({ event, outcome }) => event === 'refused' && String(outcome).startsWith('PATH_')), 'none was decided')
  },

  'a header has a name of letters, digits and hyphens': async (t, place) => {
    const { port, application } = place
    const mine = await cookieOf(place)
    const characters = ['_', '.', '~', '+', '!', '#', '$', '%', '&', "'", '*', '^', '`', '|', ' ', '\t', '/', '(', '\u00a0', '\u00ad', '\\', '"', '@', '[', '=', ',', ';', '\0', '\x7f', '__', '-_', '_-', '.-', '\u2010']
    for (const one of characters) {
      const names = [`Remote${one}User`, `Remote-User${one}`, `${one}Remote-User`, `REMOTE${one}EMAIL`, `remote${one}groups`, `Remote-Session${one}x`]
      const said = await Promise.all(names.map(name => sendRaw(port, 'app.example.com', rawGet('/', ['Host: app.example.com', 'Accept: text/html', `Cookie: ${mine}`, `${name}: forged`]))))
      for (const { status } of said) t.ok([200, 303, 400].includes(status), `${status} ${JSON.stringify(one)}`)
    }
    const got = newOnes(application)
    t.ok(got.length > 0, 'without it, the request passes')
    t.notMatch(got.flatMap(({ rawHeaders }) => rawHeaders).join('\n'), 'forged')
    await sendRaw(port, 'app.example.com', rawGet('/public', ['Host: app.example.com', 'X-Original-URL: /hers', 'X-Rewrite-URL: /hers', 'X-Rewrite-Url: /hers', 'X-Some-Thing-1: kept', 'Remote-Cookie: forged=1']))
    t.strictSame(newOnes(application).map(got => [valuesOf(got, 'x-original-url'), valuesOf(got, 'x-rewrite-url'), valuesOf(got, 'x-some-thing-1'), valuesOf(got, 'cookie').join()]), [[[], [], ['kept'], '']])
  },

  'the application gets every cookie but the session’s': async (t, place) => {
    const { port, application } = place
    const mine = await cookieOf(place)
    const big = `big=${'x'.repeat(5000)}`
    const spellings: Array<[sent: string[], left: string]> = [
      [[], ''], [[''], ''], [[mine], ''], [['a=b'], 'a=b'], [[`a=b; ${mine}; c=d`], 'a=b; c=d'], [[`a=b;${mine};c=d`], 'a=b; c=d'], [[mine, 'a=b'], 'a=b'], [['a=b', mine], 'a=b'], [['a=b', mine, 'c=d'], 'a=b; c=d'], [[mine, mine], ''], [[`${mine}; ${mine}`, mine], ''], [[Array(30).fill(mine).join(';')], ''],
      [[`${mine}; __Secure-session=planted`], ''], [[`__Secure-session=planted; ${mine}`], ''], [[mine, '__Secure-session=planted'], ''], [['__Secure-session=planted', mine], ''], [[`${mine}; __Secure-session`], ''], [[`__Secure-session; a=b; ${mine}`], 'a=b'], [[`${mine}; __Secure-session=`], ''], [[`${mine}; __Secure-session =x`], ''],
      [[`__Secure-session\t=x;${mine}`], ''], [[`  ${mine}  `], ''], [[`;;${mine};;`], ''], [[`a="x; ${mine}; y"`], 'a="x; y"'], [['a="x', mine, 'y"'], 'a="x; y"'], [[`__Secure-session="x"; ${mine}`], ''], [[`a=b; ${mine}=${mine}`], 'a=b'], [['x__Secure-session=a'], 'x__Secure-session=a'], [['__Secure-session2=a; __Secure-sessio=b; __Host-session=c'], '__Secure-session2=a; __Secure-sessio=b; __Host-session=c'],
      [['caf\u00c3\u00a9=\u00c3\u00a9'], 'caf\u00e9=\u00e9'], [[big], big], [[`${big}; ${mine}`], big], [[mine, big], big]
    ]
    for (const path of ['/public', '/']) {
      for (const [cookies, left] of spellings) {
        await sendRaw(port, 'app.example.com', rawGet(path, ['Host: app.example.com', ...cookies.map(cookie => `Cookie: ${cookie}`)]))
        const arrived = newOnes(application)
        if (path === '/public') t.equal(arrived.length, 1)
        for (const got of arrived) {
          t.equal(valuesOf(got, 'cookie').join('; '), left, cookies.join(' | ').replaceAll(mine, '…').slice(0, 60))
          t.strictSame(valuesOf(got, 'remote-cookie'), [])
          t.notMatch(got.rawHeaders.join(), mine.slice(mine.indexOf('=') + 1).slice(0, 32), 'nor is it anywhere else')
        }
      }
    }
  },

  'the application gets the path that was checked': async (t, { port, application, service }) => {
    const checked: string[] = []
    service.app.server.prependListener('request', ({ url, headers }) => {
      if (url!.startsWith('/authz/')) checked.push(String(headers['x-forwarded-uri'] ?? /^https:\/\/[^/]+(.*)/.exec(String(headers['x-original-url']))![1]))
    })
    const paths = [
      '/', '/x', '/x/', '//x', '///', '/x//y', '/.', '/..', '/./x', '/x/../y', '/x/.', '/a\\b', '/a\\..\\b', '/x;y=z/w', '/x?y', '/x?', '/x??y', '/?/../x', '/x?y#z', '/%41', '/%2e%2e/x', '/x%2fy', '/x%2Fy', '/x%5cy', '/x%20y', '/x+y', '/%25', '/%2525', '/%23', '/%3f', '/%3B', '/%00', '/%0d%0a', '/%e5%90%8d', '/%E5%90%8D', '/[x]', '/{x}|y^z`', '/"x"<y>',
      "/!$&'()*,:@=~-._", '/x/%2e', '/%2E%2E', '/\u00c3\u00a9', '/x%C0%AE', '/https://app.example.com/', '/@app.example.com/', '/:80/', 'https://wiki.example.com//x/../y?z', 'https://wiki.example.com/a%2fb'
    ]
    for (const path of paths) await sendRaw(port, 'wiki.example.com', rawGet(path, ['Host: wiki.example.com']))
    const got = newOnes(application).map(({ path }) => path)
    t.ok(got.length > paths.length / 2, `${got.length} of ${paths.length} passed`)
    for (const path of got) {
      while (checked[0] !== path && checked.length > 0) checked.shift()
      t.equal(checked.shift(), path)
    }
  }
}

const otherHosts = [
  [], ['Host:'], ['Host: app.example.com,wiki.example.com'], ['Host: wiki.example.com,app.example.com'], ['Host: wiki.example.com, wiki.example.com'], ['Host: wiki.example.com', 'Host: app.example.com'], ['Host: app.example.com', 'Host: wiki.example.com'], ['hOST: app.example.com', 'HoSt: wiki.example.com'], ['Host: wiki.example.com.'], ['Host: wiki.example.com.:443'],
  ['Host: wiki.example.com:abc'], ['Host: wiki.example.com:80:443'], ['Host: wiki.example.com:-1'], ['Host: wiki.example.com:+1'], ['Host: wiki.example.com:443@app.example.com'], ['Host: user@wiki.example.com'], ['Host: wiki.example.com#app.example.com'], ['Host: wiki.example.com/app.example.com'], ['Host: wiki.example.com\\app.example.com'], ['Host: wiki.example.com?app'],
  ['Host: wiki.example.com app.example.com'], ['Host: wiki.example.com\tapp.example.com'], ['Host: %77iki.example.com'], ['Host: wiki.example.com%00'], ['Host: wiki.example.com\0'], ['Host: wiki%2eexample.com'], ['Host: wiki..example.com'], ['Host: .wiki.example.com'], ['Host: x.wiki.example.com'], ['Host: wiki.example.com.evil.example'], ['Host: evilwiki.example.com'],
  ['Host: other.example.com'], ['Host: *.example.com'], ['Host: [::1]'], ['Host: 127.0.0.1'], ['Host: localhost'], ['Host : wiki.example.com'], ['Host: other.example.com', 'X-Forwarded-Host: wiki.example.com'], ['Host: other.example.com', 'Forwarded: host=wiki.example.com'], ['Host: wiki_.example.com'], ['Host: wiki.example.com;app.example.com'], ['Host: wiki.ex\u00e4mple.com'],
  ['Host: wiki\u3002example.com'], ['Host: "wiki.example.com"'], ["Host: wiki.example.com'"], ['Host: http://wiki.example.com'], ['Host: other.example.com', ' wiki.example.com'], ['X: y', ' Host: wiki.example.com'], ['Host: wiki.example.com\u00a0']
]

const questions = [
  '/authz/nginx', '/authz/caddy', '/authz/traefik', '/authz/envoy/', '/%61uthz/nginx', '/%61uthz/envoy/', '/%61%75%74%68%7a/caddy', '/%61uthz/%65nvoy/public', '/AUTHZ/nginx', '/Authz/envoy/', '//authz/nginx', '///authz/envoy/', '/authz//nginx', '/./authz/nginx', '/x/../authz/nginx', '/authz/./nginx', '/authz/x/../nginx', '/authz/envoy/../../x', '/authz/envoy/%2e%2e/%2e%2e/x',
  '/authz/envoy/..%2f..%2fx', '/authz/envoy/a//../../../../', '/authz/../authz/nginx', '/authz%2fnginx', '/authz%2Fenvoy/', '\\authz\\nginx', '/authz\\nginx', '/authz%5cnginx', '/authz;/nginx', '/authz/nginx;', '/authz/nginx/', '/authz/nginx?', '/authz/nginx?/../', '/authz/nginx#', '/%2561uthz/nginx', '/authz%00/nginx', '/authz%09/nginx', '/authz%20/nginx', '/%20authz/nginx',
  '/\u00c1uthz/nginx', '/%EF%BD%81uthz/nginx', '/authz/envoy', '/authz/', '/authz', 'https://login.example.com/authz/nginx', 'https://login.example.com/%61uthz/nginx', 'https://login.example.com//authz/nginx', 'https://login.example.com/x/../authz/nginx', 'http://login.example.com/authz/envoy/', 'HTTPS://login.example.com/authz/envoy/', 'https://login.example.com:443/authz/caddy', 'https://evil.example/authz/nginx',
  'http://x/authz/envoy/../../', 'authz/nginx', '?/authz/nginx', '/static/..%2fauthz/nginx', '/assets/../authz/nginx', '/assets/..%2f..%2fauthz/nginx', '/login/../authz/caddy', '/authz/nginx%20HTTP/1.1'
]

async function cookieOf ({ visitor, login, service }: Place): Promise<string> {
  const laptop = visitor()
  const answer = await service.app.users.findByEmail('grace@example.com') === null ? await laptop.signUp(login) : await laptop.logIn(login)
  if (answer.status !== 303) throw new Error(`not logged in: ${answer.status}`)
  return `__Secure-session=${laptop.cookies.get('__Secure-session')!.value}`
}

function newOnes ({ got }: Application): Got[] {
  return got.splice(0)
}
