import { deepStrictEqual, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import t from 'tap'
import { openSqlite } from '../../../src/stores/sqlite/open-sqlite.ts'
import { memorySessionStore } from '../../../src/stores/memory/session-store.ts'
import { openSessionStore } from '../../../src/stores/open/open-session-store.ts'
import type { Json, SessionFields } from '../../../src/sessions/session.ts'
import type { SessionStore, StoredSession } from '../../../src/sessions/session-store.ts'
import { postgresSessionStore } from '../../../src/stores/postgres/session-store.ts'
import { sqliteSessionStore } from '../../../src/stores/sqlite/session-store.ts'
import { keptLog, movableClock, type MovableClock, newHandle, newSession, storedOf } from '../../contract/session-store.ts'
import { startRedisServer } from '../../redis-server.ts'
import { postgresForEach } from '../../stores/new-postgres.ts'

/*
 * Random interleavings of calls and of clocks that run and are set back, against a model small enough to be seen through.
 * A failure prints the seed that repeats it.
 */

type Model = Map<string, StoredSession>

interface Real {
  store: SessionStore
  clock: MovableClock
  /** Redis expires by itself, by a clock that no test moves. */
  sweeps: boolean
}

type Run = (model: Model, real: Real) => Promise<void>

const MINUTE_MS = 60_000
const RUNS = 60
const handles = Array.from({ length: 5 }, newHandle)
const users = ['ada', 'eve']

const live = (model: Model, { clock }: Real) => [...model.values()].filter(({ expiresAt }) => expiresAt > clock.now())
const byHandle = (one: StoredSession, other: StoredSession) => one.handle < other.handle ? -1 : 1

function command (name: string, run: Run): fc.AsyncCommand<Model, Real> {
  return { check: () => true, run, toString: () => name }
}

function create (handle: string, userId: string | undefined, fields: SessionFields, minutes: number) {
  return command(`create ${handle} ${userId} ${JSON.stringify(fields)} ${minutes}`, async (model, { store, clock }) => {
    const expiresAt = clock.now() + minutes * MINUTE_MS
    const session = { ...storedOf(newSession(clock, fields, userId ?? null)), handle, expiresAt }
    const creation = store.create({ ...session, endsAt: expiresAt + minutes })
    if (model.has(handle)) return await rejects(creation, { code: 'SESSION_EXISTS' })
    await creation
    model.set(handle, session)
  })
}

function read (handle: string) {
  return command(`read ${handle}`, async (model, real) => {
    const expected = live(model, real).find(session => session.handle === handle) ?? null
    deepStrictEqual(await real.store.read(handle), expected)
  })
}

function update (handle: string, set: SessionFields, remove: string[], minutes: number | undefined) {
  return command(`update ${handle} ${JSON.stringify(set)} -${remove} ${minutes}`, async (model, real) => {
    const expiresAt = real.clock.now() + (minutes ?? 0) * MINUTE_MS
    const lastSeenAt = real.clock.now()
    const renewal = minutes === undefined ? {} : { renewal: { lastSeenAt, expiresAt, endsAt: expiresAt + minutes } }
    const session = live(model, real).find(session => session.handle === handle)
    deepStrictEqual(await real.store.update(handle, { set, remove, ...renewal }), session !== undefined)
    if (!session) return
    const kept = Object.entries(session.fields).filter(([name]) => !remove.includes(name))
    const fields = { ...Object.fromEntries(kept), ...set }
    model.set(handle, { ...session, fields, ...(minutes === undefined ? {} : { lastSeenAt, expiresAt }) })
  })
}

function revoke (handle: string) {
  return command(`revoke ${handle}`, async (model, { store }) => {
    await store.revoke(handle)
    model.delete(handle)
  })
}

function revokeOf (userId: string, handle: string) {
  return command(`revokeOf ${userId} ${handle}`, async (model, real) => {
    const mine = (session: StoredSession) => session.handle === handle && session.core.login?.userId === userId
    deepStrictEqual(await real.store.revokeOf(userId, handle), live(model, real).some(mine))
    for (const session of [...model.values()].filter(mine)) model.delete(session.handle)
  })
}

function revokeAllOf (userId: string, except: string | undefined) {
  return command(`revokeAllOf ${userId} ${except}`, async (model, real) => {
    const others = (session: StoredSession) => session.handle !== except && session.core.login?.userId === userId
    deepStrictEqual(await real.store.revokeAllOf(userId, except), live(model, real).filter(others).length)
    for (const session of [...model.values()].filter(others)) model.delete(session.handle)
  })
}

function listOf (userId: string) {
  return command(`listOf ${userId}`, async (model, real) => {
    const expected = live(model, real).filter(({ core }) => core.login?.userId === userId)
    deepStrictEqual((await real.store.listOf(userId)).sort(byHandle), expected.sort(byHandle))
  })
}

const sweep = command('sweep', async (model, real) => {
  const expired = [...model.values()].filter(({ expiresAt }) => expiresAt <= real.clock.now())
  deepStrictEqual(await real.store.sweep(), real.sweeps ? expired.length : 0)
  if (real.sweeps) for (const { handle } of expired) model.delete(handle)
})

function move (milliseconds: number) {
  return command(`move ${milliseconds}`, async (_model, { clock }) => clock.move(milliseconds))
}

const handle = fc.constantFrom(...handles)
const user = fc.constantFrom(...users)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const name = fc.constantFrom('a', 'b', 'c', 'cart', 'ключ', '')
const json = fc.jsonValue({ maxDepth: 2 }).map(value => JSON.parse(JSON.stringify(value)) as Json)
const fields = fc.dictionary(name, json, { maxKeys: 3, noNullPrototype: true })
const minutes = fc.integer({ min: 1, max: 20 })

const commands = fc.commands([
  fc.tuple(handle, maybe(user), fields, minutes).map(args => create(...args)),
  fc.tuple(handle, maybe(user), fields, minutes).map(args => create(...args)),
  handle.map(read),
  fc.tuple(handle, fields, fc.array(name, { maxLength: 2 }), maybe(minutes)).map(args => update(...args)),
  fc.tuple(handle, fields, fc.array(name, { maxLength: 2 }), maybe(minutes)).map(args => update(...args)),
  handle.map(revoke),
  fc.tuple(user, handle).map(args => revokeOf(...args)),
  fc.tuple(user, maybe(handle)).map(args => revokeAllOf(...args)),
  user.map(listOf),
  user.map(listOf),
  fc.constant(sweep),
  fc.integer({ min: -4 * MINUTE_MS, max: 8 * MINUTE_MS }).map(move)
], { maxCommands: 100, size: 'max' })

async function checkAgainstModel (open: () => Promise<Real>): Promise<number> {
  let ran = 0
  const property = fc.asyncProperty(commands, async sequence => {
    const real = await open()
    await fc.asyncModelRun(() => ({ model: new Map(), real }), sequence)
    ran += [...sequence].length
  })
  await fc.assert(property, { numRuns: RUNS })
  return ran
}

t.test('memory agrees with the model', async t => {
  const ran = await checkAgainstModel(async () => {
    const clock = movableClock()
    return { store: memorySessionStore(clock), clock, sweeps: true }
  })
  t.ok(ran > 1000, `${ran} commands`)
})

t.test('SQLite agrees with the model', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-model-'))
  const sqlite = openSqlite(join(folder, 'latchkey.sqlite'))
  t.teardown(() => {
    sqlite.$client.close()
    rmSync(folder, { recursive: true })
  })
  const log = keptLog()
  const ran = await checkAgainstModel(async () => {
    sqlite.$client.exec('delete from sessions')
    const clock = movableClock()
    return { store: sqliteSessionStore(sqlite, { now: clock.now, log }), clock, sweeps: true }
  })
  t.ok(ran > 1000, `${ran} commands`)
  t.strictSame(log.lines, [])
})

t.test('PostgreSQL agrees with the model', async t => {
  const postgres = await postgresForEach(t)
  const database = await postgres.open(t)
  const log = keptLog()
  const ran = await checkAgainstModel(async () => {
    await database.execute('delete from sessions')
    const clock = movableClock()
    return { store: postgresSessionStore(database, { now: clock.now, log }), clock, sweeps: true }
  })
  t.ok(ran > 1000, `${ran} commands`)
  t.strictSame(log.lines, [])
})

t.test('Redis agrees with the model', async t => {
  const server = await startRedisServer(t)
  const redis = new Redis(server.url)
  let clock = movableClock()
  const log = keptLog()
  const store = await openSessionStore({ redisUrl: server.url, redisPrefix: 'latchkey:', now: () => clock.now(), log })
  t.teardown(async () => {
    redis.disconnect()
    await store.close()
  })
  const ran = await checkAgainstModel(async () => {
    await redis.flushall()
    clock = movableClock()
    return { store, clock, sweeps: false }
  })
  t.ok(ran > 1000, `${ran} commands`)
  t.strictSame(log.lines, [])
})
