import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { startApplication } from '../../forward-auth/application.ts'
import { openPlace, type Place } from '../../forward-auth/place.ts'
import { proxyNames } from '../../forward-auth/proxies.ts'
import type { Visitor } from '../../forward-auth/visitor.ts'
import { headForm, holdForm, tellsOfHeldForms } from '../../held-form.ts'
import { grace } from '../../helper.ts'
import { fieldsOf, pathsIn } from '../../stolen-session.ts'

/** Passes a form on once it is whole. The others pass on what they have. */
const BUFFERING = ['nginx']
const changed = { current_password: grace.password, new_password: 'microseconds are longer wires' }

const ends: Record<string, (scene: Scene) => Promise<{ status: number }>> = {
  'the password was changed': ({ login, laptop }) => laptop.post(`${login}/account/password`, changed),
  'this device was logged out': ({ login, laptop, phone }) => laptop.post(`${login}/account/devices/${handleIn(phone)}/revoke`, {})
}

interface Scene extends Place {
  laptop: Visitor
  phone: Visitor
  userId: string
  /** What of the held forms has come to the service. */
  arrivals: string[]
}

for (const proxy of proxyNames) {
  for (const [what, end] of Object.entries(ends)) {
    t.test(`${proxy}: a form whose body comes after ${what} changes nothing, whichever form it is, and leads to the login`, async t => {
      const scene = await openScene(t, proxy)
      const held = pathsIn(scene.service.routes, handleIn(scene.laptop)).map(path => hold(scene, path))
      if (!BUFFERING.includes(proxy)) await Promise.all(held.map(({ arrived }) => arrived))
      t.equal((await end(scene)).status, 303)
      t.equal(scene.arrivals.length, BUFFERING.includes(proxy) ? 0 : held.length, 'so many had arrived until then')

      const after = await stateOf(scene)
      for (const { path, finish } of held) {
        t.match(await finish(), { status: 303, location: '/login' }, path)
        t.strictSame(await stateOf(scene), after, `${path} changed nothing`)
      }
      t.strictSame(after.sessions, [handleIn(scene.laptop)])
    })
  }
}

for (const proxy of ['caddy', 'haproxy']) {
  t.test(`${proxy}: a form that is held open over HTTP/2 changes nothing either`, async t => {
    const scene = await openScene(t, proxy)
    const path = '/account/profile'
    const kept = holdOverHttp2(t, scene, proxy, path)
    await kept.arrived
    t.match(await kept.finish(), { ':status': 303, location: '/account' }, 'while the session is there')
    const late = holdOverHttp2(t, scene, proxy, path)
    await late.arrived
    await ends['this device was logged out']!(scene)
    const after = await stateOf(scene)
    t.match(await late.finish(), { ':status': 303, location: '/login' })
    t.strictSame(await stateOf(scene), after)
  })
}

/** The owner's laptop and phone. The phone's session is what a thief has. */
async function openScene (t: Test, proxy: string): Promise<Scene> {
  const place = await openPlace(t, proxy, {}, startApplication, { pages: tellsOfHeldForms })
  const [laptop, phone] = [place.visitor(), place.visitor()]
  await laptop.signUp(place.login)
  await phone.logIn(place.login)
  const { id } = (await place.service.app.users.findByEmail(grace.email))!
  return { ...place, laptop, phone, userId: id, arrivals: [] }
}

function hold ({ login, port, phone, arrivals }: Scene, path: string) {
  const { host, hostname } = new URL(login)
  const socket = connect({ port, host: '127.0.0.1', servername: hostname, rejectUnauthorized: false })
  const { arrived, finish } = holdForm({ cookies: cookiesOf(phone) }, path, fieldsOf(path), { socket, host })
  return { path, finish, arrived: arrived.then(() => { arrivals.push(path) }) }
}

function holdOverHttp2 (t: Test, { login, port, phone }: Scene, proxy: string, path: string) {
  const { host, hostname } = new URL(login)
  // HAProxy's file offers no HTTP/2, and yet HAProxy speaks it with a client that just begins to.
  const options = { port, host: '127.0.0.1', servername: hostname, rejectUnauthorized: false, ...(proxy === 'caddy' && { ALPNProtocols: ['h2'] }) }
  const session = connectHttp2(login, { createConnection: () => connect(options) })
  t.teardown(() => session.destroy())
  const body = new URLSearchParams(fieldsOf(path)).toString()
  const { arrived, headers } = headForm({ cookies: cookiesOf(phone) }, body)
  const stream = session.request({ ':method': 'POST', ':path': path, ':authority': host, ...headers })
  stream.write(body.slice(0, -1))
  return {
    arrived,
    async finish (): Promise<unknown> {
      stream.end(body.slice(-1))
      const [answer] = await once(stream, 'response')
      return answer
    }
  }
}

async function stateOf ({ service: { app }, userId }: Scene) {
  const sessions = await app.sessions.listOf(userId)
  return { user: await app.users.findById(userId), sessions: sessions.map(({ handle }) => handle) }
}

function cookiesOf ({ cookies }: Visitor): Map<string, string> {
  return new Map([...cookies].map(([name, { value }]) => [name, value]))
}

function handleIn (visitor: Visitor): string {
  return handleOf(decodeURIComponent(cookiesOf(visitor).get('__Secure-session')!).split('.')[0]!)
}
