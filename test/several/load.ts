import type { Teardown } from '../teardown.ts'
import { until } from '../until.ts'
import { ask, type Said } from './ask.ts'
import { sessionCookie, type Visitor } from './visitors.ts'

const TICK_MS = 25
const TENTH_MS = 100
const DASHBOARD_EACH = 5
/** Of one address, in a row. */
const FINE_ANSWERS = 5

/** What came of the requests that were begun in one part of a run. */
export interface Tally {
  requests: number
  /** How often each: an error's code, or a status that is not an answer to the question. */
  failures: Record<string, number>
  /** Each tenth of a second in which an answer was 503. */
  tenthsWith503: Set<number>
  /** Of each address, the times without any other answer than 503. */
  outages: Map<string, Outages>
  /** Names of browsers: were logged in, and are told that they are not. */
  lost: Set<string>
  /** Were revoked, and are let in. */
  cameBack: Set<string>
}

interface Outages {
  /** When the one that goes on began. */
  since: number | null
  longestMs: number
}

export interface Load {
  /** From now on requests count here. */
  begin (): Tally
  /** Resolves when each address has answered several requests in a row that were sent from now on. */
  untilBack (): Promise<void>
  /** Asks once for every browser. */
  askForAll (): Promise<void>
  /** Resolves when nothing is under way any more. */
  stop (): Promise<void>
}

export interface LoadOptions {
  visitors: Visitor[]
  /** Asked in turn. */
  addresses: string[]
  perSecond: number
  /** Every so many requests a form is sent, that needs no session. */
  formEach?: number
}

/** Browsers that look at pages, at a steady rate, whether or not the answers come. They stop at the end of the test. */
export function startLoad (t: Teardown, { visitors, addresses, perSecond, formEach = Infinity }: LoadOptions): Load {
  const underWay = new Set<Promise<void>>()
  let [asked, tally, inARow] = [0, newTally(), new Map<string, number>()]
  const asking = (address: string, work: (tally: Tally) => Promise<boolean>) => {
    const row = inARow
    const count = (isFine: boolean) => { row.set(address, isFine ? (row.get(address) ?? 0) + 1 : 0) }
    const done = work(tally).then(count).finally(() => underWay.delete(done))
    underWay.add(done)
  }
  const next = () => {
    const [visitor, address] = [visitors[asked % visitors.length]!, addresses[asked % addresses.length]!]
    const isForm = ++asked % formEach === 0
    asking(address, tally => isForm ? sendForm(address, tally) : look(visitor, address, asked % DASHBOARD_EACH === 0 ? '/dashboard' : '/session', tally))
  }
  const timer = setInterval(() => { for (let due = perSecond * TICK_MS / 1_000; due > 0; due--) next() }, TICK_MS)
  const stop = async () => {
    clearInterval(timer)
    await Promise.all(underWay)
  }
  t.teardown(stop)
  return {
    begin: () => (tally = newTally()),
    untilBack: async () => {
      inARow = new Map()
      const areAway = () => addresses.filter(address => (inARow.get(address) ?? 0) < FINE_ANSWERS)
      await until('each service to be back, without a restart', () => areAway().length === 0 || { areAway: areAway(), failures: tally.failures })
    },
    askForAll: async () => {
      await Promise.all(visitors.map((visitor, at) => look(visitor, addresses[at % addresses.length]!, '/session', tally)))
    },
    stop
  }
}

function newTally (): Tally {
  return { requests: 0, failures: {}, tenthsWith503: new Set(), outages: new Map(), lost: new Set(), cameBack: new Set() }
}

/** @returns whether it was answered as it should be */
async function look (visitor: Visitor, address: string, path: string, tally: Tally): Promise<boolean> {
  const before = visitor.state
  const answer = await counted(tally, address, () => ask(address, path, { cookie: visitor.cookie }))
  if (answer === null) return false
  const isIn = answer.status === 200
  if (!isIn && answer.status !== 401 && answer.location?.startsWith('/login') !== true) return failed(tally, String(answer.status))
  if (isIn && before === 'revoked') tally.cameBack.add(visitor.name)
  if (!isIn && visitor.state === 'logged in') tally.lost.add(visitor.name)
  // One that was cleared is sent again all the same: it must stay dead.
  visitor.cookie = sessionCookie(answer.setCookies) ?? visitor.cookie
  return true
}

/** What a proxy must not send twice. Whoever logs out without a session is sent to the login too. */
async function sendForm (address: string, tally: Tally): Promise<boolean> {
  const answer = await counted(tally, address, () => ask(address, '/logout', { form: {} }))
  return answer !== null && (answer.status === 303 || failed(tally, String(answer.status)))
}

async function counted (tally: Tally, address: string, work: () => Promise<Said>): Promise<Said | null> {
  tally.requests++
  try {
    const answer = await work()
    measureOutage(tally, address, answer.status === 503)
    if (answer.status !== 503) return answer
    tally.tenthsWith503.add(Math.floor(performance.now() / TENTH_MS))
    failed(tally, '503')
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    failed(tally, typeof code === 'string' ? code : name)
  }
  return null
}

function measureOutage ({ outages }: Tally, address: string, is503: boolean): void {
  const now = performance.now()
  const { since = null, longestMs = 0 } = outages.get(address) ?? {}
  const begun = since ?? (is503 ? now : null)
  outages.set(address, { since: is503 ? begun : null, longestMs: begun === null ? longestMs : Math.max(longestMs, now - begun) })
}

function failed ({ failures }: Tally, kind: string): false {
  failures[kind] = (failures[kind] ?? 0) + 1
  return false
}
