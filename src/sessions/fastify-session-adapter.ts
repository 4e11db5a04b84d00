import type { SessionStore as CallbackStore } from '@fastify/session'
import type { Session } from 'fastify'
import { AsStored } from './as-stored.ts'
import { handleOf } from './session-handle.ts'
import { deadlinesOf, isValid, type SessionLimits } from './session-limits.ts'
import type { Clock, Json, SessionChanges, SessionFields, SessionStore } from './session-store.ts'

declare module 'fastify' {
  interface Session {
    /** Epoch milliseconds. For a user: when they logged in. */
    startedAt?: number
    /** Epoch milliseconds, at most a minute old. Setting it renews the session. */
    lastSeenAt?: number
    /** What the store holds, so that saving sends only what changed. Undefined for a session that was never stored. */
    asStored?: AsStored
  }
}

interface AdapterOptions {
  store: SessionStore
  limits: SessionLimits
  now: Clock
}

/** The only place where our promises meet the callbacks of @fastify/session, and its ids our handles. */
export function fastifySessionAdapter (options: AdapterOptions): CallbackStore {
  return {
    get: (id, callback) => settle(load(options, handleOf(id)), callback),
    set: (id, session, callback) => settle(save(options, handleOf(id), session), callback),
    destroy: (id, callback) => settle(end(options, handleOf(id)), callback)
  }
}

// The callback runs outside the promise chain: what it throws must not come back as a rejection and call it twice.
function settle<T> (promise: Promise<T>, callback: (error: unknown, value?: T) => void): void {
  promise.then(
    value => process.nextTick(callback, null, value),
    error => process.nextTick(callback, error)
  )
}

async function load ({ store, limits, now }: AdapterOptions, handle: string): Promise<Session | null> {
  const stored = await store.read(handle)
  if (stored === null) return null
  if (!isValid(stored.fields, limits, now())) {
    await store.revoke(handle)
    return null
  }
  // Without a `cookie`: its attributes come from today's settings at each request.
  return { ...stored.fields, asStored: new AsStored(stored.fields) } as unknown as Session
}

async function save (options: AdapterOptions, handle: string, session: Session): Promise<void> {
  if (session.asStored === undefined) return await create(options, handle, session)
  const fields = fieldsOf(session)
  const changes = changesBetween(session.asStored, fields)
  if (Object.keys(changes.set).length + changes.remove.length === 0) return
  if ('lastSeenAt' in changes.set) changes.renewal = deadlinesOf(fields, options.limits)
  const isThere = await options.store.update(handle, changes)
  session.asStored = new AsStored(fields)
  // Revoked meanwhile. The request may finish, its changes are for nobody.
  session.asStored.isGone = !isThere
}

async function create ({ store, limits, now }: AdapterOptions, handle: string, session: Session): Promise<void> {
  // @fastify/session saves the empty session of each regenerate(). It is created once it holds something.
  if (Object.keys(fieldsOf(session)).length === 0) return
  const at = now()
  const fields = { startedAt: at, lastSeenAt: at, ...fieldsOf(session) }
  await store.create({ handle, fields, ...deadlinesOf(fields, limits) })
  Object.assign(session, fields, { asStored: new AsStored(fields) })
}

async function end ({ store }: AdapterOptions, handle: string): Promise<void> {
  await store.revoke(handle)
}

function fieldsOf (session: Session): SessionFields {
  const { cookie, asStored, ...fields } = session
  return JSON.parse(JSON.stringify(fields))
}

function changesBetween ({ json }: AsStored, fields: SessionFields): SessionChanges {
  const changed = (name: string, value: Json) => json.get(name) !== JSON.stringify(value)
  return {
    set: Object.fromEntries(Object.entries(fields).filter(([name, value]) => changed(name, value))),
    remove: [...json.keys()].filter(name => !Object.hasOwn(fields, name))
  }
}
