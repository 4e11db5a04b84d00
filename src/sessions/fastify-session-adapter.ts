import type { SessionStore as CallbackStore } from '@fastify/session'
import type { Session } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Client, Json, SessionCore, SessionData, SessionFields } from './session.ts'
import { handleOf } from './session-handle.ts'
import { deadlinesOf, type SessionLimits } from './session-limits.ts'
import type { SessionChanges, SessionStore } from './session-store.ts'
import { StoredSnapshot } from './stored-snapshot.ts'

declare module 'fastify' {
  /** What an application keeps lies beside these. */
  interface Session {
    /** Undefined for a session that was never stored. */
    core?: SessionCore
    /** Where the login came from; null for a visitor. */
    client?: Client | null
    /** Epoch milliseconds, at most a minute old. Setting it renews the session. */
    lastSeenAt?: number
    /** What the store has, so that saving sends only what changed. Undefined for a session that was never stored. */
    snapshot?: StoredSnapshot
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
    destroy: (id, callback) => settle(options.store.revoke(handleOf(id)), callback)
  }
}

/** The members of `request.session` for a session as it is stored. */
export function membersOf ({ core, client, lastSeenAt, fields }: SessionData): Partial<Session> {
  return { ...fields, core, client, lastSeenAt, snapshot: new StoredSnapshot({ lastSeenAt, fields }) }
}

/** "Keep me logged in": has the browser keep the cookie until the session ends. */
export function keepCookie (session: Session, limits: SessionLimits, now: number): void {
  const { core, lastSeenAt, cookie } = session
  if (core?.login?.remembered) cookie.maxAge = deadlinesOf({ core, lastSeenAt: lastSeenAt! }, limits).endsAt - now
}

// The callback runs outside the promise chain: what it throws must not come back as a rejection and call it twice.
function settle<T> (promise: Promise<T>, callback: (error: unknown, value?: T) => void): void {
  promise.then(
    value => process.nextTick(callback, null, value),
    error => process.nextTick(callback, error)
  )
}

async function load ({ store }: AdapterOptions, handle: string): Promise<Session | null> {
  const stored = await store.read(handle)
  // Without a `cookie`: its attributes come from today's settings at each request.
  return stored && membersOf(stored) as Session
}

async function save (options: AdapterOptions, handle: string, session: Session): Promise<void> {
  const { core, lastSeenAt, snapshot } = session
  if (core === undefined || lastSeenAt === undefined || snapshot === undefined) return await create(options, handle, session)
  const fields = fieldsOf(session)
  const changes = changesBetween(snapshot, fields)
  if (lastSeenAt !== snapshot.lastSeenAt) changes.renewal = { lastSeenAt, ...deadlinesOf({ core, lastSeenAt }, options.limits) }
  if (changes.renewal === undefined && Object.keys(changes.set).length + changes.remove.length === 0) return
  const isThere = await options.store.update(handle, changes)
  session.snapshot = new StoredSnapshot({ lastSeenAt, fields })
  // Revoked meanwhile. The request may finish, its changes are for nobody.
  session.snapshot.wasRevoked = !isThere
}

// @fastify/session saves the empty session of each regenerate(). A visitor's is created once it holds something.
async function create ({ store, limits, now }: AdapterOptions, handle: string, session: Session): Promise<void> {
  const fields = fieldsOf(session)
  if (Object.keys(fields).length === 0) return
  const at = now()
  const visitor = { core: { startedAt: at, login: null }, client: null, lastSeenAt: at, fields }
  await store.create({ handle, ...visitor, ...deadlinesOf(visitor, limits) })
  Object.assign(session, membersOf(visitor))
}

function fieldsOf (session: Session): SessionFields {
  const { cookie, core, client, lastSeenAt, snapshot, ...fields } = session
  return JSON.parse(JSON.stringify(fields))
}

function changesBetween ({ json }: StoredSnapshot, fields: SessionFields): SessionChanges {
  const changed = (name: string, value: Json) => json.get(name) !== JSON.stringify(value)
  return {
    set: Object.fromEntries(Object.entries(fields).filter(([name, value]) => changed(name, value))),
    remove: [...json.keys()].filter(name => !Object.hasOwn(fields, name))
  }
}
