import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/cli/silent-log.ts'
import { openSqlite } from '../src/stores/sqlite/open-sqlite.ts'
import { openSessionStore } from '../src/stores/open/open-session-store.ts'
import type { NewSession, SessionStore } from '../src/sessions/session-store.ts'
import { sqliteSessionStore } from '../src/stores/sqlite/session-store.ts'
import { withRedisServer } from './redis-server.ts'
import { sessionOf } from './session-of.ts'

/*
 * What a session costs: bytes in Redis, and whether an operation takes longer when the store is full.
 */

const HOUR_MS = 3_600_000
const BATCH = 1_000
const ROUNDS = 2_000
const now = Date.now

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const sqlite = openSqlite(join(folder, 'bench.sqlite'))

await withRedisServer(async ({ url, usedMemory }) => {
  const redis = await openSessionStore({ redisUrl: url, redisPrefix: 'latchkey:', now, log: silentLog })
  await printMemory(redis, usedMemory)
  await printCosts('Redis', redis)
  await redis.close()
})
await printCosts('SQLite', sqliteSessionStore(sqlite, { now, log: silentLog }), inOneTransaction)
sqlite.$client.close()
rmSync(folder, { recursive: true })

async function printMemory (store: SessionStore, usedMemory: () => Promise<number>): Promise<void> {
  const before = await usedMemory()
  await fill(store, 100_000)
  const bytes = (await usedMemory() - before) / 100_000
  console.log(`Redis memory per logged-in session, index entry included, over 100,000: ${Math.round(bytes)} bytes (at most 600)`)
}

async function printCosts (name: string, store: SessionStore, inOneGo = (work: () => Promise<void>) => work()): Promise<void> {
  await fill(store, 100)
  const few = await costs(store)
  await inOneGo(() => fill(store, 1_000_000))
  const many = await costs(store)
  console.log(`${name}, microseconds each, one after the other:`)
  console.table(Object.fromEntries(Object.keys(few).map(what => [what, { 'first 100': few[what], '1,000,000 more': many[what] }])))
}

// A million commits, each on disk before the next, would take an hour.
async function inOneTransaction (work: () => Promise<void>): Promise<void> {
  sqlite.$client.exec('BEGIN')
  await work()
  sqlite.$client.exec('COMMIT')
}

async function costs (store: SessionStore): Promise<Record<string, number>> {
  const sessions = Array.from({ length: ROUNDS }, () => sessionOf(newUserId()))
  const renewal = { lastSeenAt: now(), expiresAt: now() + HOUR_MS, endsAt: now() + 24 * HOUR_MS }
  return {
    create: await median(sessions, session => store.create(session)),
    read: await median(sessions, ({ handle }) => store.read(handle)),
    update: await median(sessions, ({ handle }) => store.update(handle, { set: {}, remove: [], renewal })),
    list: await median(sessions, ({ core }) => store.listOf(core.login!.userId))
  }
}

async function median (sessions: NewSession[], work: (session: NewSession) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (const session of sessions) {
    const started = performance.now()
    await work(session)
    times.push(performance.now() - started)
  }
  return Math.round(times.toSorted((a, b) => a - b)[times.length >> 1]! * 1000)
}

async function fill (store: SessionStore, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, count - done) }, () => store.create(sessionOf(newUserId()))))
  }
}

function newUserId (): string {
  return randomBytes(16).toString('base64url')
}
