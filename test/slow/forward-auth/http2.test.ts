import { once } from 'node:events'
import { connect, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { type Got, valuesOf } from '../../forward-auth/application.ts'
import { openPlace } from '../../forward-auth/place.ts'
import { sendRawHttp2 } from '../../forward-auth/raw-http2.ts'

// Of the files in docs/forward-auth/ that are run here, Caddy's is the one that offers HTTP/2. HAProxy's doesn't, and yet
// HAProxy speaks it with a client that just begins to.

const rules = 'app.example.com/public anyone; app.example.com users; wiki.example.com anyone'

/** What no library sends. */
const twice: Array<Array<[name: string, value: string]>> = [
  [[':authority', 'wiki.example.com'], ['host', 'app.example.com']], [[':authority', 'app.example.com'], ['host', 'wiki.example.com']], [['host', 'app.example.com'], ['host', 'wiki.example.com']], [['host', 'wiki.example.com'], ['host', 'app.example.com']],
  [[':authority', 'wiki.example.com'], ['host', 'wiki.example.com'], ['host', 'app.example.com']], [[':authority', 'wiki.example.com'], [':authority', 'app.example.com']], [[':authority', 'app.example.com'], [':authority', 'wiki.example.com']], [[':authority', 'wiki.example.com'], ['Host', 'app.example.com']],
  [[':authority', 'wiki.example.com'], [':path', '/hers']], [[':authority', 'wiki.example.com'], ['upgrade', 'h2c'], ['connection', 'upgrade']], [[':authority', 'wiki.example.com'], ['transfer-encoding', 'chunked']], [[':authority', 'wiki.example.com'], ['x', 'y\r\nremote-user: forged']]
]

/** On a connection of its own. 0 when it was closed without an answer. */
async function statusOf (port: number, alpn: boolean, headers: OutgoingHttpHeaders): Promise<number> {
  const session = connect(`https://127.0.0.1:${port}`, { createConnection: () => connectTls({ host: '127.0.0.1', port, servername: 'app.example.com', rejectUnauthorized: false, ...(alpn ? { ALPNProtocols: ['h2'] } : {}) }) })
  const closed = once(session.on('error', () => {}), 'close').then(() => 0)
  const stream = session.request(headers).on('error', () => {})
  stream.end()
  const status = await Promise.race([once(stream, 'response').then(([answer]) => Number((answer as Record<string, unknown>)[':status']), () => 0), closed])
  session.destroy()
  return status
}

for (const proxy of ['caddy', 'haproxy']) {
  t.test(`${proxy}: over HTTP/2 the same holds`, async t => {
    const { port, application, visitor, login } = await openPlace(t, proxy, { FORWARD_AUTH_RULES: rules })
    const laptop = visitor()
    await laptop.signUp(login)
    const mine = `__Secure-session=${laptop.cookies.get('__Secure-session')!.value}`
    const send = async (headers: OutgoingHttpHeaders) => {
      const status = await statusOf(port, proxy === 'caddy', { ':authority': 'app.example.com', ':path': '/public', accept: 'text/html', ...headers })
      return { status, arrived: application.got.splice(0) as Got[] }
    }

    for (const cookie of [[mine, 'a=b', mine], [`a=b; ${mine}`, '__Secure-session=planted'], ['__Secure-session=planted', 'a=b', mine, '__Secure-session']]) {
      t.match((await send({ cookie })).arrived.map(got => valuesOf(got, 'cookie')), [['a=b']])
    }
    for (const name of ['remote_user', 'remote.user', 'remote~user', 'remote+user', 'remote-user', 'remote-groups', 'x_remote-user', 'x-original-url', 'remote|user']) {
      for (const got of (await send({ [name]: 'forged', cookie: mine })).arrived) t.notMatch(got.rawHeaders.join(), 'forged', name)
    }
    for (const authority of ['app.example.com,wiki.example.com', 'wiki.example.com,app.example.com', 'user@wiki.example.com', 'wiki.example.com.', 'wiki.example.com:x', 'other.example.com', '', 'wiki.example.com ', '%77iki.example.com', '.wiki.example.com', '[::1]']) {
      const { status, arrived } = await send({ ':authority': authority, ':path': '/' })
      t.strictSame([[400, 404, 421].includes(status), arrived], [true, []], `${status} ${authority}`)
    }
    t.match(await send({ host: 'wiki.example.com', ':path': '/' }), { status: 303, arrived: [] })
    const { status, arrived } = await send({ ':authority': 'wiki.example.com', host: 'app.example.com', ':path': '/' })
    t.strictSame([status, arrived.map(got => valuesOf(got, 'host'))], [200, [['wiki.example.com']]])

    for (const path of ['//hers', '/public/../hers', '/public/..%2fhers', '/public\\..\\hers', '/public/%2e%2e/hers', '/public;/../hers', '/public/..;/hers', 'hers', '', '*', 'https://wiki.example.com/', '/public#/../hers', '/public%00', '/public%23', '/%ff']) {
      const { status, arrived } = await send({ ':path': path })
      t.strictSame([[0, 303, 400, 403, 503].includes(status), arrived], [true, []], `${status} ${path}`)
    }
    t.strictSame((await send({ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/hers' })).arrived, [])
    for (const protocol of ['connect-udp', 'h2c', 'websocket, h2c']) t.strictSame((await send({ ':method': 'CONNECT', ':protocol': protocol, ':scheme': 'https' })).arrived, [], protocol)
    t.strictSame((await send({ ':method': 'CONNECT', ':authority': 'app.example.com:443', ':path': undefined, ':scheme': undefined })).arrived, [])

    for (const fields of twice) {
      await sendRawHttp2(port, 'app.example.com', [[':method', 'GET'], [':scheme', 'https'], [':path', '/'], ...fields])
      for (const got of application.got.splice(0)) t.strictSame([valuesOf(got, 'host'), valuesOf(got, 'x-forwarded-host'), valuesOf(got, 'upgrade')], [['wiki.example.com'], ['wiki.example.com'], []], fields.join())
    }
  })
}
