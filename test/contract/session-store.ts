import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Json, SessionFields } from '../../src/sessions/session.ts'
import type { NewSession, SessionStore, StoredCore, StoredSession } from '../../src/sessions/session-store.ts'
import type { StoreLog } from '../../src/observability/store-log.ts'

export interface StoreUnderTest {
  store: SessionStore
  clock: MovableClock
  log: KeptLog
  /** Ways to make the record of a session one that is not ours, by name. */
  spoil: Record<string, (handle: string) => Promise<unknown>>
  /** Writes a record as version 1 had it; left out by a store that does not outlive its process. */
  writeVersion1?: (record: Version1) => Promise<unknown>
  /** Makes the record of a session one of a newer release. */
  makeNewer?: (handle: string) => Promise<unknown>
}

export interface Version1 {
  handle: string
  fields: SessionFields
  expiresAt: number
  endsAt: number
}

export interface MovableClock {
  now: () => number
  move: (milliseconds: number) => void
}

export interface KeptLog extends StoreLog {
  lines: Array<Record<string, unknown> & { message: string }>
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export function movableClock (): MovableClock {
  let time = Date.now()
  return {
    now: () => time,
    move: milliseconds => { time += milliseconds }
  }
}

export function keptLog (): KeptLog {
  const lines: KeptLog['lines'] = []
  const keep = (details: object, message: string) => { lines.push({ ...details, message }) }
  return { lines, info: keep, warn: keep }
}

export function newHandle (): string {
  return randomBytes(32).toString('base64url')
}

/** @param userId null for a visitor's */
export function newSession (clock: MovableClock, fields: SessionFields = {}, userId: string | null = 'ada'): NewSession {
  const now = clock.now()
  const login = userId === null ? null : { userId, epoch: 1, remembered: false, proofs: [{ method: 'pwd' as const, at: now }] }
  const client = login && { address: '203.0.113.17', device: 'Firefox on Linux' }
  return { handle: newHandle(), core: { startedAt: now, login }, client, lastSeenAt: now, fields, expiresAt: now + 10 * MINUTE_MS, endsAt: now + 60 * MINUTE_MS }
}

/** What `readCore` gives of it. */
export function coreOf ({ handle, core, lastSeenAt, expiresAt }: NewSession): StoredCore {
  return { handle, core, lastSeenAt, expiresAt }
}

/** As a store gives it back. */
export function storedOf ({ endsAt, ...session }: NewSession): StoredSession {
  return session
}

const reservedNames = [
  'core', 'client', 'seen', 'snapshot', 'userId', 'epoch', 'startedAt', 'lastSeenAt', 'remembered', 'device', 'address', 'authenticatedAt', 'v', 'expiresAt', '__proto__', 'constructor', 'toString', 'hasOwnProperty',
  'save', 'destroy', 'regenerate', 'reload', 'touch', 'options', 'get', 'set',
  'isModified', 'isSaved', 'cookie', 'sessionId', 'encryptedSessionId'
]

/** The facts that hold for every session store. */
export function sessionStoreContract (name: string, open: (t: Test) => Promise<StoreUnderTest>): void {
  const fact = (title: string, check: (t: Test, under: StoreUnderTest) => Promise<void>) => {
    t.test(`${name}: ${title}`, async t => check(t, await open(t)))
  }

  fact('what was created is read back', async (t, { store, clock }) => {
    const fields = { text: 'ünï\u0000"\\ 😀', none: null, list: [], nested: { a: [1.5, { b: {} }] }, no: false }
    const session = newSession(clock, fields)
    await store.create(session)
    t.strictSame(await store.read(session.handle), storedOf(session))
    const visitors = newSession(clock, { note: 'x' }, null)
    await store.create(visitors)
    t.strictSame(await store.read(visitors.handle), storedOf(visitors))
  })

  fact('the part that identifies somebody can be read alone', async (t, { store, clock }) => {
    const session = newSession(clock, { a: 1, b: { c: [2] } })
    await store.create(session)
    t.strictSame(await store.readCore(session.handle), coreOf(session))
    t.equal(await store.readCore(newHandle()), null)
    clock.move(10 * MINUTE_MS)
    t.equal(await store.readCore(session.handle), null)
  })

  fact('what goes in and comes out are copies', async (t, { store, clock }) => {
    const session = newSession(clock, { list: [1] })
    const change = (fields: SessionFields | undefined, name: string) => (fields?.[name] as Json[]).push(2)
    await store.create(session)
    change(session.fields, 'list')
    const set = { more: [1] }
    await store.update(session.handle, { set, remove: [] })
    change(set, 'more')
    change((await store.read(session.handle))?.fields, 'list')
    change((await store.listOf('ada'))[0]?.fields, 'more')
    t.strictSame((await store.read(session.handle))?.fields, { list: [1], more: [1] })
  })

  fact('an unknown handle is absent and leaves no trace', async (t, { store, clock }) => {
    const session = newSession(clock)
    t.equal(await store.read(session.handle), null)
    t.equal(await store.update(session.handle, { set: { a: 1 }, remove: ['b'], renewal: session }), false)
    t.equal(await store.read(session.handle), null)
    t.strictSame(await store.listOf('ada'), [])
    await t.resolves(store.create(session))
  })

  fact('an expired session is absent, from lists too', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    clock.move(10 * MINUTE_MS - 1)
    t.ok(await store.read(session.handle))
    t.equal((await store.listOf('ada')).length, 1)
    clock.move(1)
    t.equal(await store.read(session.handle), null)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('creating twice is refused, and the first stays', async (t, { store, clock }) => {
    const session = newSession(clock, { a: 1 })
    await store.create(session)
    await t.rejects(store.create({ ...newSession(clock, { b: 2 }, 'eve'), handle: session.handle }), { code: 'SESSION_EXISTS' })
    t.strictSame((await store.read(session.handle))?.fields, { a: 1 })
    t.strictSame(await store.listOf('eve'), [])
    t.equal((await store.listOf('ada')).length, 1)
  })

  fact('of parallel creations of one handle one succeeds', async (t, { store, clock }) => {
    const session = newSession(clock)
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => store.create(session)))
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  fact('an update changes the fields it names and no other', async (t, { store, clock }) => {
    const session = newSession(clock, { a: 1, b: 2, c: 3 })
    await store.create(session)
    t.equal(await store.update(session.handle, { set: { a: 'one', d: [4] }, remove: ['b', 'unknown'] }), true)
    t.strictSame(await store.read(session.handle), { ...storedOf(session), fields: { a: 'one', c: 3, d: [4] } })
  })

  fact('an update that changes nothing tells whether the session is there', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    t.equal(await store.update(session.handle, { set: {}, remove: [] }), true)
    t.equal(await store.update(newHandle(), { set: {}, remove: [] }), false)
  })

  fact('a field that is both removed and set is set', async (t, { store, clock }) => {
    const session = newSession(clock, { a: 1 })
    await store.create(session)
    await store.update(session.handle, { set: { a: 2 }, remove: ['a'] })
    t.strictSame((await store.read(session.handle))?.fields, { a: 2 })
  })

  fact('only a renewal moves the deadline', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    clock.move(9 * MINUTE_MS)
    await store.update(session.handle, { set: { a: 1 }, remove: [] })
    t.equal((await store.read(session.handle))?.expiresAt, session.expiresAt)
    const expiresAt = clock.now() + 10 * MINUTE_MS
    const lastSeenAt = clock.now()
    t.equal(await store.update(session.handle, { set: {}, remove: [], renewal: { lastSeenAt, expiresAt, endsAt: session.endsAt } }), true)
    clock.move(9 * MINUTE_MS)
    t.strictSame(await store.read(session.handle), { ...storedOf(session), lastSeenAt, expiresAt, fields: { a: 1 } })
    clock.move(MINUTE_MS)
    t.equal(await store.read(session.handle), null)
  })

  fact('a session renewed beyond its first end is still listed and revoked with the others', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    for (let hours = 1; hours <= 50; hours++) {
      const renewal = { lastSeenAt: clock.now(), expiresAt: clock.now() + 61 * MINUTE_MS, endsAt: clock.now() + 120 * MINUTE_MS }
      t.equal(await store.update(session.handle, { set: {}, remove: [], renewal }), true)
      clock.move(60 * MINUTE_MS)
    }
    await store.create(newSession(clock))
    t.equal((await store.listOf('ada')).length, 2)
    t.equal(await store.revokeAllOf('ada'), 2)
  })

  fact('an update of a revoked session returns false and stores nothing', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    await store.revoke(session.handle)
    t.equal(await store.update(session.handle, { set: { a: 1 }, remove: [], renewal: session }), false)
    t.equal(await store.read(session.handle), null)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('an update of an expired session returns false and stores nothing', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    clock.move(10 * MINUTE_MS)
    const renewal = { lastSeenAt: session.endsAt, expiresAt: session.endsAt, endsAt: session.endsAt }
    t.equal(await store.update(session.handle, { set: { a: 1 }, remove: [], renewal }), false)
    t.equal(await store.read(session.handle), null)
    clock.move(-1)
    t.strictSame(await store.read(session.handle), storedOf(session), 'as a clock set back shows')
  })

  fact('concurrent updates of different fields all survive', async (t, { store, clock }) => {
    const session = newSession(clock, { gone: 1 })
    await store.create(session)
    const names = Array.from({ length: 20 }, (_, at) => `field${at}`)
    const updates = names.map(name => store.update(session.handle, { set: { [name]: name }, remove: ['gone'] }))
    t.ok((await Promise.all(updates)).every(done => done))
    const fields = Object.fromEntries(names.map(name => [name, name]))
    t.strictSame((await store.read(session.handle))?.fields, fields)
  })

  fact('whatever runs beside it, a revoked session stays revoked', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    const update = () => store.update(session.handle, { set: { a: 1 }, remove: [], renewal: session })
    await Promise.all([update(), store.revoke(session.handle), update(), store.listOf('ada'), update()])
    t.equal(await store.read(session.handle), null)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('revoking twice, or something unknown, is fine', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    await store.revoke(session.handle)
    await t.resolves(store.revoke(session.handle))
    await t.resolves(store.revoke(newHandle()))
  })

  fact('a revoked handle is free again', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    await store.revoke(session.handle)
    await t.resolves(store.create(session))
    t.equal((await store.listOf('ada')).length, 1)
  })

  fact('lists hold the sessions of one user, the live ones only', async (t, { store, clock }) => {
    const [first, second, revoked, short] = [newSession(clock), newSession(clock), newSession(clock), newSession(clock)]
    short.expiresAt = clock.now() + 1
    for (const session of [first, second, revoked, short]) await store.create(session)
    await store.create(newSession(clock, {}, 'eve'))
    await store.create(newSession(clock, {}, null))
    await store.revoke(revoked.handle)
    clock.move(1)
    const handles = (await store.listOf('ada')).map(({ handle }) => handle)
    t.same(handles.sort(), [first.handle, second.handle].sort())
    t.strictSame(await store.listOf('nobody'), [])
  })

  fact('a session without a user is in no list', async (t, { store, clock }) => {
    const session = newSession(clock, { visits: [] }, null)
    await store.create(session)
    t.equal(await store.update(session.handle, { set: { visits: ['/'] }, remove: [], renewal: session }), true)
    t.strictSame((await store.read(session.handle))?.fields, { visits: ['/'] })
    t.strictSame(await store.listOf('undefined'), [])
    t.equal(await store.revokeOf('undefined', session.handle), false)
    await store.revoke(session.handle)
    t.equal(await store.read(session.handle), null)
  })

  fact('nobody revokes the session of another', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    t.equal(await store.revokeOf('eve', session.handle), false)
    t.ok(await store.read(session.handle))
    t.equal((await store.listOf('ada')).length, 1)
    t.equal(await store.revokeOf('ada', session.handle), true)
    t.equal(await store.read(session.handle), null)
    t.equal(await store.revokeOf('ada', session.handle), false)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('a handle can be any text, and finds nothing', async (t, { store }) => {
    for (const handle of ['', '\0', 'a\0b', '\uD800', "' or 1=1 --", '*', 'x'.repeat(100_000)]) {
      t.equal(await store.read(handle), null)
      t.equal(await store.update(handle, { set: {}, remove: [] }), false)
      await t.resolves(store.revoke(handle))
      t.equal(await store.revokeOf('ada', handle), false)
    }
  })

  fact('revoking an expired session of mine finds none', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    clock.move(10 * MINUTE_MS)
    t.equal(await store.revokeOf('ada', session.handle), false)
  })

  fact('revoking all but one spares that one', async (t, { store, clock }) => {
    const mine = [newSession(clock), newSession(clock), newSession(clock)]
    const hers = newSession(clock, {}, 'eve')
    for (const session of [...mine, hers]) await store.create(session)
    t.equal(await store.revokeAllOf('ada', mine[1]?.handle), 2)
    t.same((await store.listOf('ada')).map(({ handle }) => handle), [mine[1]?.handle])
    t.ok(await store.read(hers.handle))
  })

  fact('revoking all of several users ends theirs, counts those that were alive, and spares those of others', async (t, { store, clock }) => {
    const sessions = ['ada', 'ada', 'eve', 'mallory'].map(userId => newSession(clock, {}, userId))
    const [visitor, short] = [newSession(clock, {}, null), newSession(clock, {}, 'eve')]
    short.expiresAt = clock.now() + 1
    for (const session of [...sessions, visitor, short]) await store.create(session)
    clock.move(1)
    t.equal(await store.revokeAllOfUsers(['ada', 'eve', 'nobody']), 3)
    for (const userId of ['ada', 'eve']) t.strictSame(await store.listOf(userId), [])
    t.equal((await store.listOf('mallory')).length, 1)
    t.ok(await store.read(visitor.handle))
    t.equal(await store.revokeAllOfUsers(['ada', 'eve']), 0)
  })

  fact('revoking all ends all, and counts those that were alive', async (t, { store, clock }) => {
    const [one, two, short] = [newSession(clock), newSession(clock), newSession(clock)]
    short.expiresAt = clock.now() + 1
    for (const session of [one, two, short]) await store.create(session)
    clock.move(1)
    t.equal(await store.revokeAllOf('ada', newHandle()), 2)
    t.strictSame(await store.listOf('ada'), [])
    t.equal(await store.read(one.handle), null)
    t.equal(await store.revokeAllOf('ada'), 0)
  })

  fact('sweeping spares the living', async (t, { store, clock }) => {
    const [living, short] = [newSession(clock), newSession(clock)]
    short.expiresAt = clock.now() + 1
    await store.create(living)
    await store.create(short)
    clock.move(1)
    t.ok(await store.sweep() <= 1)
    t.equal(await store.read(short.handle), null)
    t.same((await store.listOf('ada')).map(({ handle }) => handle), [living.handle])
    t.equal(await store.sweep(), 0)
  })

  fact('a core of another shape is refused', async (t, { store, clock }) => {
    const session = newSession(clock)
    const { core: { startedAt, login } } = session
    const wrongs = [
      { userId: '' }, { userId: 7 }, { userId: 'a:b' }, { userId: 'a b' }, { epoch: 1.5 }, { remembered: 'on' },
      { proofs: [] }, { proofs: [{ method: 'pwd', at: NaN }] }, { proofs: [{ method: 'x', at: 1 }] }
    ]
    for (const wrong of wrongs) {
      const core = { startedAt, login: { ...login, ...wrong } } as typeof session.core
      await t.rejects(store.create({ ...session, core }), TypeError, JSON.stringify(wrong))
    }
    for (const client of [null, {}, { address: 7, device: '' }] as Array<typeof session.client>) await t.rejects(store.create({ ...session, client }), TypeError)
    await t.rejects(store.create({ ...session, core: { startedAt: NaN, login } }), TypeError)
    await t.rejects(store.create({ ...session, lastSeenAt: 1.5 }), TypeError)
    t.equal(await store.read(session.handle), null)
  })

  fact('a field named like something of the store or of the session object is refused', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    for (const reserved of reservedNames) {
      const fields = JSON.parse(`{ ${JSON.stringify(reserved)}: 1 }`)
      await t.rejects(store.create(newSession(clock, fields)), TypeError, `${reserved} at creation`)
      await t.rejects(store.update(session.handle, { set: fields, remove: [] }), TypeError, `${reserved} set`)
      await t.rejects(store.update(session.handle, { set: {}, remove: [reserved] }), TypeError, `${reserved} removed`)
    }
    t.strictSame((await store.read(session.handle))?.fields, {})
  })

  fact('what would not be read back is refused', async (t, { store, clock }) => {
    const session = newSession(clock)
    await store.create(session)
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`field${at}`, 1]))
    const wrong = [many, { large: 'x'.repeat(65_536) }, { nothing: undefined }] as SessionFields[]
    for (const fields of wrong) {
      await t.rejects(store.create(newSession(clock, fields)), TypeError)
      await t.rejects(store.update(session.handle, { set: fields, remove: [] }), TypeError)
    }
    await t.rejects(store.update(session.handle, { set: {}, remove: Object.keys(many) }), TypeError)
    await t.rejects(store.create({ ...newSession(clock), expiresAt: 1.5 }), TypeError)
    await t.rejects(store.create({ ...newSession(clock), endsAt: NaN }), TypeError)
    const renewal = { lastSeenAt: 1, expiresAt: session.expiresAt, endsAt: Infinity }
    await t.rejects(store.update(session.handle, { set: {}, remove: [], renewal }), TypeError)
    t.strictSame((await store.read(session.handle))?.fields, {})
  })

  fact('the largest session that is taken is read back', async (t, { store, clock }) => {
    const many = Object.fromEntries(Array.from({ length: 199 }, (_, at) => [`field${at}`, 'x'.repeat(300)]))
    const session = newSession(clock, many)
    await store.create(session)
    t.strictSame((await store.read(session.handle))?.fields, session.fields)
    t.equal(await store.update(session.handle, { set: {}, remove: Object.keys(many) }), true)
    t.strictSame((await store.read(session.handle))?.fields, {})
  })

  fact('the live are counted, of all users and of visitors', async (t, { store, clock }) => {
    t.equal(await store.count(), 0)
    const [mine, hers, visitors] = [newSession(clock), newSession(clock, {}, 'eve'), newSession(clock, { visits: [] }, null)]
    for (const session of [mine, hers, visitors]) await store.create(session)
    t.equal(await store.count(), 3)
    await store.revoke(mine.handle)
    t.equal(await store.count(), 2)
  })

  fact('a clock that was wrong and is right again has ended nothing, and has taken nothing out of reach', async (t, { store, clock }) => {
    const monthLong = { ...newSession(clock), expiresAt: clock.now() + 30 * DAY_MS, endsAt: clock.now() + 30 * DAY_MS }
    await store.create(monthLong)
    for (const wrongBy of [-400 * DAY_MS, 40 * DAY_MS]) {
      clock.move(wrongBy)
      const isAhead = wrongBy > 0
      t.equal(await store.read(monthLong.handle) === null, isAhead)
      t.equal(await store.update(monthLong.handle, { set: { late: true }, remove: [] }), !isAhead)
      const meanwhile = newSession(clock)
      await store.create(meanwhile)
      t.equal((await store.listOf('ada')).length, isAhead ? 1 : 2)
      await store.revoke(meanwhile.handle)
      clock.move(-wrongBy)
      t.match(await store.read(monthLong.handle), { core: monthLong.core, expiresAt: monthLong.expiresAt })
      t.match(await store.listOf('ada'), [{ handle: monthLong.handle }])
    }
    t.equal(await store.revokeAllOf('ada'), 1)
    t.equal(await store.read(monthLong.handle), null)
  })

  fact('a ping is answered, and the log has a name for the store', async (t, { store, log }) => {
    await t.resolves(store.ping())
    t.match(store.description, /\w/)
    t.strictSame(log.lines, [])
  })

  fact('a record of version 1 goes on, and is written anew', async (t, { store, clock, writeVersion1 }) => {
    if (writeVersion1 === undefined) return
    const now = clock.now()
    const times = { expiresAt: now + 10 * MINUTE_MS, endsAt: now + 60 * MINUTE_MS }
    const login = { userId: 'ada', epoch: 3, startedAt: now - 5, lastSeenAt: now - 4, device: 'Firefox on Linux', address: '203.0.113.17' }
    const kept: SessionFields[] = [{ ...login, cart: [1] }, { ...login, remembered: true, authenticatedAt: now - 2 }, { startedAt: now - 5, lastSeenAt: now - 4, 'visit:1:x': ['/', 1] }]
    const records = kept.map(fields => ({ handle: newHandle(), fields, ...times }))
    for (const record of records) await writeVersion1(record)
    const [plain, remembered, visitors] = records
    const core = { startedAt: now - 5, login: { userId: 'ada', epoch: 3, remembered: false, proofs: [{ method: 'pwd', at: now - 5 }] } }
    const client = { address: '203.0.113.17', device: 'Firefox on Linux' }
    const stored = { handle: plain!.handle, core, client, lastSeenAt: now - 4, expiresAt: times.expiresAt, fields: { cart: [1] } }
    t.strictSame(await store.read(plain!.handle), stored)
    t.strictSame(await store.read(plain!.handle), stored, 'and again')
    t.strictSame(await store.readCore(remembered!.handle), { handle: remembered!.handle, lastSeenAt: now - 4, expiresAt: times.expiresAt, core: { ...core, login: { ...core.login, remembered: true, proofs: [{ method: 'pwd', at: now - 2 }] } } })
    t.strictSame(await store.read(visitors!.handle), { ...stored, handle: visitors!.handle, core: { startedAt: now - 5, login: null }, client: null, fields: { 'visit:1:x': ['/', 1] } })
    t.same((await store.listOf('ada')).map(({ handle }) => handle).sort(), [plain!.handle, remembered!.handle].sort())
    t.equal(await store.update(plain!.handle, { set: { a: 1 }, remove: ['cart'], renewal: { lastSeenAt: now, ...times } }), true)
    t.strictSame(await store.read(plain!.handle), { ...stored, lastSeenAt: now, fields: { a: 1 } })
    t.equal(await store.revokeAllOf('ada', plain!.handle), 1)
    t.equal(await store.revokeOf('ada', plain!.handle), true)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('a record of version 1 that was never read is revoked like any other', async (t, { store, clock, writeVersion1 }) => {
    if (writeVersion1 === undefined) return
    const now = clock.now()
    const records = [1, 2, 3].map(() => ({ handle: newHandle(), fields: { userId: 'ada', epoch: 1, startedAt: now, lastSeenAt: now }, expiresAt: now + MINUTE_MS, endsAt: now + MINUTE_MS }))
    for (const record of records) await writeVersion1(record)
    t.equal(await store.revokeOf('eve', records[0]!.handle), false)
    t.equal(await store.revokeOf('ada', records[0]!.handle), true)
    await store.revoke(records[1]!.handle)
    t.equal(await store.revokeAllOf('ada'), 1)
    t.strictSame(await store.listOf('ada'), [])
  })

  fact('a record of a newer release reads as absent, and stays', async (t, { store, clock, log, makeNewer }) => {
    if (makeNewer === undefined) return
    const [newer, own] = [newSession(clock), newSession(clock)]
    for (const session of [newer, own]) await store.create(session)
    await makeNewer(newer.handle)
    t.equal(await store.read(newer.handle), null)
    t.equal(await store.readCore(newer.handle), null)
    t.equal(await store.update(newer.handle, { set: { a: 1 }, remove: [] }), false)
    t.same((await store.listOf('ada')).map(({ handle }) => handle), [own.handle])
    t.strictSame(log.lines, [])
    await t.rejects(store.create(newer), { code: 'SESSION_EXISTS' })
    await store.revoke(newer.handle)
    await t.resolves(store.create(newer), 'it can be revoked')
  })

  t.test(`${name}: a record that is not ours`, async t => {
    const ways = Object.keys((await open(t)).spoil)
    for (const way of ways) t.test(way, async t => notOurs(t, await open(t), way))
  })
}

async function notOurs (t: Test, { store, clock, log, spoil }: StoreUnderTest, way: string): Promise<void> {
  const session = newSession(clock, { a: 1 })
  const other = newSession(clock)
  await store.create(session)
  await store.create(other)
  const { handle } = session
  await spoil[way]?.(handle)

  t.strictSame(await Promise.all([store.read(handle), store.read(handle)]), [null, null], 'reads as absent')
  t.match(log.lines, [{ handle, message: /not one of ours/ }], 'is logged')
  t.equal(await store.read(handle), null)
  t.equal(await store.update(handle, { set: { b: 1 }, remove: [] }), false, 'is not updated')
  t.same((await store.listOf('ada')).map(({ handle }) => handle), [other.handle], 'is in no list')
  t.equal(log.lines.length, 1, 'is logged once')
  await t.resolves(store.create(session), 'is removed')
  t.same((await store.listOf('ada')).length, 2)

  await spoil[way]?.(handle)
  t.same((await store.listOf('ada')).map(({ handle }) => handle), [other.handle], 'a list removes it as well')
  t.match(log.lines, [{ handle }, { handle }])
  await store.create(session)
  await spoil[way]?.(handle)
  await t.resolves(store.revoke(handle), 'can be revoked')
  t.equal(await store.read(handle), null)
}
