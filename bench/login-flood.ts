import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { createAccount } from '../src/accounts/create-account.ts'
import { silentLog } from '../src/cli/silent-log.ts'
import { sqliteDatabase } from '../src/stores/sqlite/database.ts'
import { openPasswords } from '../src/credentials/passwords.ts'
import { freePort } from '../test/free-port.ts'
import { startRedisServer } from '../test/redis-server.ts'
import { runToItsEnd } from '../test/run-to-its-end.ts'
import { nodeStart, start } from '../test/started-service.ts'
import type { Flood, Statuses } from './post-forms.ts'
import { statusOf, timed } from './status-of.ts'

/*
 * What people notice of floods: logins from everywhere, sign-ups from one address, and everybody at once. All of it on
 * loopback, and over after two minutes.
 */

const SECONDS = 20
const MOST_LOGIN_MS = 3_000
const MOST_HEALTH_MS = 100
const AT_ONCE = 300
const LONGEST_MS = 5 * 60_000

const grace = { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password: 'nanoseconds are short wires' }
const browser = { 'sec-fetch-site': 'same-origin', accept: 'text/html' }
const emailOf = (number: number) => `person-${number}@example.com`

console.log(`${availableParallelism()} cores, load average before ${loadavg()[0]!.toFixed(1)}`)
await runToItsEnd(LONGEST_MS, async run => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-flood-'))
  run.teardown(() => rmSync(folder, { recursive: true }))
  await makeAccounts(folder)
  const redis = await startRedisServer(run)
  const stores: Record<string, Record<string, string>> = {
    SQLite: {},
    Redis: { REDIS_URL: redis.url, SESSION_SECRET: 'a secret that nobody else has to know' }
  }
  for (const [store, settings] of Object.entries(stores)) {
    console.log(`\nSessions and counters in ${store}`)
    const port = await freePort()
    const service = await start(run, { PORT: String(port), DATA_DIR: folder, TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: `http://localhost:${port}`, ...settings }, nodeStart)
    const url = `http://127.0.0.1:${port}`
    await reportLogins(url, await deviceCookie(port))
    await reportSignUps(url)
    await reportEverybody(url)
    await service.stop()
  }
})

async function makeAccounts (folder: string): Promise<void> {
  const database = sqliteDatabase(join(folder, 'latchkey.sqlite'), { now: Date.now, log: silentLog })
  const passwordHash = await (await openPasswords()).hash(grace.password)
  const emails = [grace.email, ...Array.from({ length: AT_ONCE }, (_, number) => emailOf(number))]
  for (const email of emails) await createAccount(database.transact, { firstName: 'Grace', lastName: 'Hopper', email, passwordHash }, new Date())
  await database.close()
}

/** What a browser keeps that has logged in before. */
async function deviceCookie (port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/login`, { method: 'POST', redirect: 'manual', headers: browser, body: new URLSearchParams({ email: grace.email, password: grace.password }) })
  return answer.headers.getSetCookie().find(line => line.startsWith('device='))!.split(';')[0]!
}

async function reportLogins (url: string, cookie: string): Promise<void> {
  const flood = startFlood({ url: `${url}/login`, what: 'a login of an account of its own, each from another /64', connections: 400, perSecond: 1_000, seconds: SECONDS })
  const health = await askForHealth(url)
  const logins: Array<[ms: number, status: number]> = []
  for (const end = performance.now() + SECONDS * 1_000; performance.now() < end; await after(500)) logins.push(await timed(() => logIn(url, grace.email, cookie)))
  reportHealth(await health())
  console.log(`1,000 logins a second over 400 connections, each from another /64: ${shown(await flood)}`)
  const times = logins.map(([ms]) => ms)
  const refused = logins.filter(([, status]) => status !== 303).length
  report(`${logins.length} logins of a known device: median ${percentile(times, 0.5)} ms, longest ${percentile(times, 1)} (at most ${MOST_LOGIN_MS}), ${refused} refused (none)`, Math.max(...times) <= MOST_LOGIN_MS && refused === 0)
}

async function reportSignUps (url: string): Promise<void> {
  const flood = startFlood({ url: `${url}/signup`, what: 'a sign-up with two mistakes, all from one address', connections: 16, perSecond: 5_000, seconds: SECONDS / 2 })
  const health = await askForHealth(url)
  const statuses = await flood
  console.log(`sign-ups over 16 connections from one address: ${shown(statuses)}`)
  reportHealth(await health())
}

async function reportEverybody (url: string): Promise<void> {
  const health = await askForHealth(url)
  const [ms, statuses] = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, (_, number) => logIn(url, emailOf(number), '', `10.0.${number >> 8}.${number & 255}`))))
  const count = (wanted: number) => statuses.filter(status => status === wanted).length
  console.log(`${AT_ONCE} logins at once: ${count(303)} logged in, ${count(503)} asked to come again, all within ${Math.round(ms)} ms`)
  reportHealth(await health())
}

async function logIn (url: string, email: string, cookie: string, address = '10.1.0.1'): Promise<number> {
  return await statusOf(`${url}/login`, { ...browser, cookie, 'x-forwarded-for': address }, new URLSearchParams({ email, password: grace.password }))
}

async function startFlood (flood: Flood): Promise<Statuses> {
  const flooding = fork(new URL('post-forms.ts', import.meta.url))
  flooding.send(flood)
  const [statuses] = await once(flooding, 'message') as [Statuses]
  return statuses
}

/** From a process of its own. @returns ends it, and gives the milliseconds of each answer */
async function askForHealth (url: string): Promise<() => Promise<number[]>> {
  const asker = fork(new URL('ask-again.ts', import.meta.url), [`${url}/health/live`])
  await once(asker, 'message')
  return async () => {
    asker.send('enough')
    const [waits] = await once(asker, 'message') as [number[]]
    return waits
  }
}

function reportHealth (waits: number[]): void {
  const p99 = percentile(waits, 0.99)
  report(`${waits.length} answers of /health/live: median ${percentile(waits, 0.5)} ms, p99 ${p99} (at most ${MOST_HEALTH_MS}), longest ${percentile(waits, 1)}`, p99 <= MOST_HEALTH_MS)
}

function percentile (numbers: number[], share: number): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]!)
}

function shown (statuses: Statuses): string {
  return Object.entries(statuses).map(([status, count]) => `${count} × ${status}`).join(', ')
}

function report (figure: string, holds: boolean): void {
  console.log(`${figure}: ${holds ? 'pass' : 'fail'}`)
  if (!holds) process.exitCode = 1
}
