import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccount } from '../src/accounts/create-account.ts'
import { disableAccount } from '../src/accounts/disable-account.ts'
import { silentLog } from '../src/cli/silent-log.ts'
import { sqliteDatabase } from '../src/stores/sqlite/database.ts'
import { openPasswords } from '../src/credentials/passwords.ts'
import { withStartedService } from './started-service.ts'
import { statusOf, timed } from './status-of.ts'

/*
 * Does the time of a wrong login tell who has an account? And does anybody wait while many log in?
 */

const KINDS = ['unknown', 'known', 'disabled'] as const
type Kind = typeof KINDS[number]

const ROUNDS = 300
const WARM_UP = 30
/** Guesses at one email: a fifth would begin a wait, and what waits is not hashed. */
const PER_EMAIL = 3
const EMAILS = (ROUNDS + WARM_UP) / PER_EMAIL
const MOST_DIFFERENCE_PER_CENT = 5

const LOGINS_AT_ONCE = 200
const MOST_WAIT_MS = 200

const password = 'nanoseconds are short wires'
/** Emails and passwords of one length, so that nothing differs but the account. */
const emailOf = (kind: Kind, at: number) => `${kind.slice(0, 5)}-${at}@example.com`
let network = 0

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
await makeAccounts()
await withStartedService(folder, async url => {
  await printWrongLogins(url)
  await printWaits(url)
})
rmSync(folder, { recursive: true })

async function makeAccounts (): Promise<void> {
  const database = sqliteDatabase(join(folder, 'latchkey.sqlite'), { now: Date.now, log: silentLog })
  const { transact } = database
  const passwordHash = await (await openPasswords()).hash(password)
  for (const kind of ['known', 'disabled'] as const) {
    for (let at = 0; at < Math.max(EMAILS, LOGINS_AT_ONCE); at++) {
      const user = await createAccount(transact, { firstName: 'Grace', lastName: 'Hopper', email: emailOf(kind, at), passwordHash }, new Date())
      if (kind === 'disabled') await disableAccount(transact, user!.id, new Date())
    }
  }
  await database.close()
}

async function printWrongLogins (url: string): Promise<void> {
  const times: Record<Kind, number[]> = { unknown: [], known: [], disabled: [] }
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    // In another order each time, as what a login leaves to be written falls to one that comes after it.
    for (const kind of KINDS.toSorted(() => Math.random() - 0.5)) {
      const [ms, status] = await timed(() => logIn(url, emailOf(kind, round % EMAILS), kind === 'disabled' ? password : `not ${password}`.slice(0, password.length)))
      if (status !== 401) throw new Error(`${kind}: ${status}`)
      if (round >= WARM_UP) times[kind].push(ms)
    }
  }
  const medians = KINDS.map(kind => median(times[kind]))
  const difference = (Math.max(...medians) / Math.min(...medians) - 1) * 100
  console.log(`${ROUNDS} wrong logins of each kind, median milliseconds: ${KINDS.map((kind, at) => `${kind} ${medians[at]!.toFixed(2)}`).join(', ')}`)
  report(`they differ by ${difference.toFixed(1)} % (at most ${MOST_DIFFERENCE_PER_CENT} %)`, difference <= MOST_DIFFERENCE_PER_CENT)
}

async function printWaits (url: string): Promise<void> {
  const asker = fork(new URL('ask-again.ts', import.meta.url), [`${url}/health/live`])
  await once(asker, 'message')
  const statuses = await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, (_, at) => logIn(url, emailOf('known', at), password)))
  asker.send('enough')
  const [waits] = await once(asker, 'message') as [number[]]
  const count = (wanted: number) => statuses.filter(status => status === wanted).length
  console.log(`${LOGINS_AT_ONCE} logins at once: ${count(303)} logged in, ${count(503)} asked to come again`)
  const longest = Math.max(...waits)
  report(`meanwhile ${waits.length} answers of /health/live took ${median(waits).toFixed(1)} ms, the longest ${longest.toFixed(1)} (at most ${MOST_WAIT_MS})`, longest <= MOST_WAIT_MS)
}

/** From an address of its own, so that only accounts are counted. */
async function logIn (url: string, email: string, password: string): Promise<number> {
  const address = `10.${++network >> 16}.${network >> 8 & 255}.${network & 255}`
  return await statusOf(`${url}/login`, { 'sec-fetch-site': 'same-origin', 'x-forwarded-for': address }, new URLSearchParams({ email, password }))
}

function median (numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}

function report (figure: string, holds: boolean): void {
  console.log(`${figure}: ${holds ? 'pass' : 'fail'}`)
  if (!holds) process.exitCode = 1
}
