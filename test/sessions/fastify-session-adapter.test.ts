import t from 'tap'
import type { Session } from 'fastify'
import { SessionsUnavailable } from '../../src/errors.ts'
import { fastifySessionAdapter } from '../../src/sessions/fastify-session-adapter.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import type { SessionStore } from '../../src/sessions/session-store.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, MovableClock } from '../helper.ts'

const limits = { idleMs: HOUR_MS, absoluteMs: DAY_MS, rememberMs: 30 * DAY_MS }
const id = 'the secret in the cookie'
const handle = handleOf(id)

type Call = [method: string, ...given: unknown[]]
type Outcome = { error: unknown, value?: unknown }

/** A real store that tells what it was asked, with single answers replaced by hostile ones. */
function open (hostile: Partial<SessionStore> = {}) {
  const time = new MovableClock()
  const memory = memorySessionStore({ now: time.now })
  const calls: Call[] = []
  const store = new Proxy({ ...memory, ...hostile }, {
    get (target, method: keyof SessionStore) {
      const answer = target[method]
      if (typeof answer !== 'function') return answer
      return (...given: never[]) => { calls.push([method, ...structuredClone(given)]); return (answer as (...given: never[]) => unknown)(...given) }
    }
  })
  return { time, memory, calls, adapter: fastifySessionAdapter({ store, limits, now: time.now }) }
}

type Adapter = ReturnType<typeof open>['adapter']

/** What the callback is called with, and that it is called once. */
function outcomeOf (ask: (callback: (error?: unknown, value?: unknown) => void) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let calls = 0
    ask((error, value) => {
      if (++calls > 1) return reject(new Error('called twice'))
      // What comes late would come now: answers in the queues of this turn and the next.
      setImmediate(() => setImmediate(() => resolve({ error, value })))
    })
  })
}

const get = (adapter: Adapter, name = id) => outcomeOf(callback => adapter.get(name, callback))
const set = (adapter: Adapter, session: object, name = id) => outcomeOf(callback => adapter.set(name, session as Session, callback))
const destroy = (adapter: Adapter, name = id) => outcomeOf(callback => adapter.destroy(name, callback))

async function load (adapter: Adapter): Promise<Session & Record<string, unknown>> {
  const { error, value } = await get(adapter)
  if (error) throw error
  return value as Session & Record<string, unknown>
}

/** A session as @fastify/session hands it over. */
const fresh = (fields: object = {}) => ({ cookie: { path: '/' }, ...fields })

t.test('a new session is created once it holds something, and is read back', async t => {
  const { adapter, calls, time } = open()
  t.strictSame(await set(adapter, fresh()), { error: null, value: undefined })
  t.strictSame(calls, [], 'the empty session of each regenerate() writes nothing')

  await set(adapter, fresh({ visits: [['/', 1]] }))
  t.strictSame(calls, [['create', { handle, core: { startedAt: time.at, login: null }, client: null, lastSeenAt: time.at, fields: { visits: [['/', 1]] }, expiresAt: time.at + 10 * MINUTE_MS, endsAt: time.at + HOUR_MS }]])
  const { snapshot, ...session } = await load(adapter)
  t.strictSame(session, { visits: [['/', 1]], core: { startedAt: time.at, login: null }, client: null, lastSeenAt: time.at })
})

t.test('the store never sees the id, nor the attributes of the cookie', async t => {
  const { adapter, calls } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  const session = await load(adapter)
  await set(adapter, { ...session, cookie: { path: '/evil' }, note: 'x' })
  await destroy(adapter)
  t.notMatch(JSON.stringify(calls), id)
  t.notMatch(JSON.stringify(calls), 'cookie')
  t.notMatch(JSON.stringify(calls), 'snapshot')
})

t.test('nobody\'s id loads nothing and stores nothing', async t => {
  const { adapter, calls } = open()
  t.strictSame(await get(adapter), { error: null, value: null })
  t.strictSame(calls, [['read', handle]])
})

t.test('a changed field is the only one written, a nested one included', async t => {
  const { adapter, calls } = open()
  await set(adapter, fresh({ owner: 'grace', cart: { items: [{ count: 1 }] }, note: 'as it was' }))
  const session = await load(adapter)
  ;(session.cart as { items: { count: number }[] }).items[0]!.count = 2
  calls.length = 0
  await set(adapter, session)
  t.strictSame(calls, [['update', handle, { set: { cart: { items: [{ count: 2 }] } }, remove: [] }]])
})

t.test('a removed field is removed, and one that becomes undefined too', async t => {
  const { adapter, calls, memory } = open()
  await set(adapter, fresh({ owner: 'grace', note: 'x', other: 'y', nothing: null }))
  const session = await load(adapter)
  delete session.note
  session.other = undefined
  calls.length = 0
  await set(adapter, session)
  t.strictSame(calls, [['update', handle, { set: {}, remove: ['note', 'other'] }]])
  t.strictSame(Object.keys((await memory.read(handle))!.fields).toSorted(), ['nothing', 'owner'])
})

t.test('saving twice sends each change once', async t => {
  const { adapter, calls } = open()
  const session: Record<string, unknown> = fresh({ owner: 'grace' })
  await set(adapter, session)
  session.note = 'x'
  await set(adapter, session)
  session.note = 'y'
  await set(adapter, session)
  t.strictSame(calls.slice(1).map(([, , changes]) => changes), [{ set: { note: 'x' }, remove: [] }, { set: { note: 'y' }, remove: [] }])
})

t.test('two requests of one session both keep their change', async t => {
  const { adapter, memory } = open()
  await set(adapter, fresh({ owner: 'grace', one: 1, two: 1 }))
  const [first, second] = [await load(adapter), await load(adapter)]
  first.one = 2
  second.two = 2
  await set(adapter, first)
  await set(adapter, second)
  t.match((await memory.read(handle))!.fields, { one: 2, two: 2 })
})

t.test('only a sign of life renews the session', async t => {
  const { adapter, calls, time } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  const begun = time.at
  time.pass(5 * MINUTE_MS)
  const session = await load(adapter)
  session.note = 'x'
  await set(adapter, session)
  session.lastSeenAt = time.at
  await set(adapter, session)
  const [noted, renewed] = calls.filter(([method]) => method === 'update').map(([, , changes]) => changes)
  t.strictSame(noted, { set: { note: 'x' }, remove: [] })
  t.strictSame(renewed, { set: {}, remove: [], renewal: { lastSeenAt: time.at, expiresAt: time.at + 10 * MINUTE_MS, endsAt: begun + HOUR_MS } })
})

t.test('a session revoked between loading and saving is not brought back', async t => {
  const { adapter, memory } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  const session = await load(adapter)
  await memory.revoke(handle)
  session.note = 'I was under way'
  t.equal((await set(adapter, session)).error, null, 'the request may finish')
  t.equal(await memory.read(handle), null)
  session.note = 'and try again'
  session.lastSeenAt = Date.now()
  await set(adapter, session)
  t.equal(await memory.read(handle), null)
})

t.test('a destroyed session is gone, and destroying it again is fine', async t => {
  const { adapter, memory } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  t.equal((await destroy(adapter)).error, null)
  t.equal((await destroy(adapter)).error, null)
  t.equal(await memory.read(handle), null)
})

t.test('an id that is taken is not taken over', async t => {
  const { adapter, memory } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  t.match((await set(adapter, fresh({ owner: 'mallory' }))).error, { code: 'SESSION_EXISTS' })
  t.equal((await memory.read(handle))!.fields.owner, 'grace')
})

t.test('what was stored travels with the session and stays out of every serialization', async t => {
  const { adapter } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  const session = await load(adapter)
  t.ok(Object.keys(session).includes('snapshot'))
  t.notMatch(JSON.stringify(session), 'snapshot')
})

t.test('the core of a stored session is never written again', async t => {
  const { adapter, calls, memory } = open()
  await set(adapter, fresh({ owner: 'grace' }))
  const session = await load(adapter)
  const { core } = (await memory.read(handle))!
  session.core = { startedAt: 1, login: null }
  calls.length = 0
  await set(adapter, session)
  t.strictSame(calls, [])
  t.strictSame((await memory.read(handle))!.core, core)
})

t.test('a field named like a method, or __proto__, is refused and changes nothing', async t => {
  for (const name of ['save', 'destroy', 'regenerate', 'sessionId', 'encryptedSessionId', 'constructor', 'toString', 'hasOwnProperty', '__proto__']) {
    const { adapter, memory } = open()
    const evil: object = JSON.parse(`{"owner":"grace","${name}":{"isAdmin":true}}`)
    t.ok((await set(adapter, fresh(evil))).error, `${name} in a new session`)
    t.equal(await memory.read(handle), null)

    await set(adapter, fresh({ owner: 'grace' }))
    const session = Object.defineProperty(await load(adapter), name, { value: { isAdmin: true }, enumerable: true })
    t.ok((await set(adapter, session)).error, `${name} in a stored one`)
    t.strictSame(Object.keys((await memory.read(handle))!.fields).toSorted(), ['owner'])
    t.notOk('isAdmin' in {})
  }
})

t.test('what JSON cannot carry fails the save and nothing else', async t => {
  const circle: Record<string, unknown> = {}
  circle.itself = circle
  for (const value of [1n, circle, { toJSON () { throw new Error('no') } }]) {
    const { adapter, memory } = open()
    t.ok((await set(adapter, fresh({ value }))).error)
    t.equal(await memory.read(handle), null)
  }
  const { adapter, memory } = open()
  await set(adapter, fresh({ hello: () => 'world', missing: undefined }))
  t.equal(await memory.read(handle), null, 'a session of functions is an empty one')
})

const refuse = async () => { throw new SessionsUnavailable() }
const hostile: Record<string, Partial<SessionStore>> = {
  rejects: { read: refuse, create: refuse, update: refuse, revoke: refuse },
  'answers twice': { read: twice, create: twice, update: twice }
}

/** A thenable that settles twice, as no promise would. */
function twice (): Promise<never> {
  const then = (_resolve: unknown, reject: (error: Error) => void) => { reject(new SessionsUnavailable()); reject(new Error('again')) }
  return { then } as unknown as Promise<never>
}

for (const [what, answers] of Object.entries(hostile)) {
  t.test(`of a store that ${what}, the callback hears once`, async t => {
    const { adapter, memory } = open(answers)
    t.match((await get(adapter)).error, { code: 'SESSIONS_UNAVAILABLE' }, 'read')
    t.match((await set(adapter, fresh({ owner: 'grace' }))).error, { code: 'SESSIONS_UNAVAILABLE' }, 'create')
    t.match((await set(adapter, storedSession())).error, { code: 'SESSIONS_UNAVAILABLE' }, 'update')
    t.equal(await memory.read(handle), null)
  })
}

const storedSession = () => ({ core: { startedAt: 1, login: null }, lastSeenAt: 1, snapshot: { lastSeenAt: 1, json: new Map([['owner', '"grace"']]) }, owner: 'grace', note: 'x' })

t.test('of a store that throws instead of rejecting, the callback hears once', async t => {
  const thrown = () => { throw new SessionsUnavailable() }
  const { adapter } = open({ read: thrown, create: thrown, update: thrown })
  t.match((await get(adapter)).error, { code: 'SESSIONS_UNAVAILABLE' })
  t.match((await set(adapter, fresh({ owner: 'grace' }))).error, { code: 'SESSIONS_UNAVAILABLE' })
  t.match((await set(adapter, storedSession())).error, { code: 'SESSIONS_UNAVAILABLE' })
})

t.test('of a store that cannot revoke, the callback hears', async t => {
  const { adapter } = open({ revoke: refuse })
  t.match((await destroy(adapter)).error, { code: 'SESSIONS_UNAVAILABLE' }, 'destroying')
})

t.test('a save that failed is tried whole again', async t => {
  let fails = true
  const { adapter, memory } = open({ update: async (...given) => { if (fails) throw new SessionsUnavailable(); return await memory.update(...given) } })
  await set(adapter, fresh({ owner: 'grace' }))
  const session = await load(adapter)
  session.note = 'x'
  t.ok((await set(adapter, session)).error)
  fails = false
  t.equal((await set(adapter, session)).error, null)
  t.equal((await memory.read(handle))!.fields.note, 'x')
})

t.test('of a store that never answers, nobody hears anything wrong', async t => {
  const silent = () => new Promise<never>(() => {})
  const { adapter } = open({ read: silent, create: silent, update: silent, revoke: silent })
  let heard = 0
  const hear = () => { heard++ }
  adapter.get(id, hear)
  adapter.set(id, fresh({ owner: 'grace' }) as unknown as Session, hear)
  adapter.set(id, storedSession() as unknown as Session, hear)
  adapter.destroy(id, hear)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(heard, 0)
})

t.test('what a callback throws does not come back: neither a second call nor a rejection', async t => {
  const { adapter } = open()
  const rejections: unknown[] = []
  const reject = (reason: unknown) => { rejections.push(reason) }
  process.on('unhandledRejection', reject)
  t.teardown(() => process.off('unhandledRejection', reject))
  for (const ask of [adapter.get, adapter.destroy, (name: string, callback: () => void) => adapter.set(name, fresh({ owner: 'grace' }) as unknown as Session, callback)]) {
    t.match(await thrownOutside(callback => ask(id, callback)), { calls: 1, message: 'thrown by the callback' })
  }
  t.strictSame(rejections, [])
})

/** What reaches the process from a callback that throws, and how often the callback was called. */
async function thrownOutside (ask: (callback: () => void) => void) {
  let calls = 0
  const thrown = await new Promise<Error>(resolve => {
    process.setUncaughtExceptionCaptureCallback(resolve)
    ask(() => { calls++; throw new Error('thrown by the callback') })
  })
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  process.setUncaughtExceptionCaptureCallback(null)
  return { calls, message: thrown.message }
}
