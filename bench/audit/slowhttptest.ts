import { setTimeout as after } from 'node:timers/promises'
import { ask, cookieLine, signUp } from './account.ts'
import type { Around, Check, Seen } from './check.ts'
import { runTool } from './run-tool.ts'

/*
 * Holds two hundred connections by being slow, while somebody else asks whether the service is alive.
 */

const CONNECTIONS = 200
const PER_SECOND = 100
const LASTS_SECONDS = 25
/** From when the last one was opened. */
const CUT_WITHIN_SECONDS = 15
/** Whoever is cut earlier was not slow, but refused, and nothing was tried. */
const HELD_SECONDS = 5
const PROBE_EVERY_MS = 250
const PROBE_AT_MOST_MS = 2_000

interface Way {
  asks: string
  path: string
  args: string[]
  member?: true
  /** Slow senders are cut. Slow readers are not while they read. */
  isCut: boolean
}

const headers = ['-H', '-i', '2']
// The tool sets no header of ours, but it writes the type of the content as it is.
const body = ['-B', '-i', '2', '-s', '8000', '-f', 'application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin']
const read = ['-X', '-n', '5', '-z', '32', '-w', '1', '-y', '64', '-k', '3']

const ways: Way[] = [
  { asks: 'slow headers', path: '/login', args: headers, isCut: true },
  { asks: 'slow body', path: '/login', args: body, isCut: true },
  { asks: 'slow body, logged in', path: '/account/profile', args: body, member: true, isCut: true },
  { asks: 'slow read', path: '/assets/pico.css', args: read, isCut: false }
]

export const slowhttptest: Check[] = ways.map(way => ({
  tool: 'slowhttptest',
  asks: `${CONNECTIONS} times ${way.asks}, ${way.path}`,
  look: around => hold(way, around)
}))

async function hold (way: Way, { port, signal }: Around): Promise<Seen> {
  const over = new AbortController()
  const probing = probe(port, over.signal)
  try {
    const cookies = way.member ? ['-j', cookieLine(await signUp(port))] : []
    const { output } = await runTool('slowhttptest', [
      ...way.args, ...cookies, '-u', `http://127.0.0.1:${port}${way.path}`, '-v', '1',
      '-c', String(CONNECTIONS), '-r', String(PER_SECOND), '-l', String(LASTS_SECONDS)
    ], { seconds: LASTS_SECONDS + 10, signal })
    over.abort()
    const slowest = await probing
    const faults = slowest > PROBE_AT_MOST_MS ? [`${way.asks}: whether it is alive took ${slowest} ms to tell`] : []
    const { words, isGood } = ending(way, output)
    return { answers: new Map(), faults: isGood ? faults : [...faults, `${way.asks}: ${words}`], summary: `${words}; alive within ${slowest} ms`, remarks: [] }
  } finally {
    over.abort()
  }
}

function ending ({ isCut }: Way, output: string): { words: string, isGood: boolean } {
  const [, second] = /Test ended on (\d+)th second/.exec(output) ?? []
  if (second === undefined) throw new Error(`slowhttptest did not come to its end: ${output.slice(-600)}`)
  const seconds = Number(second)
  if (!output.includes('No open connections left')) return { words: `not all were cut in ${seconds} seconds`, isGood: !isCut }
  const isInTime = seconds >= HELD_SECONDS && seconds <= CUT_WITHIN_SECONDS + CONNECTIONS / PER_SECOND
  return { words: `all were cut by second ${seconds}`, isGood: isInTime }
}

/** @returns how long the slowest answer took, in milliseconds */
async function probe (port: number, over: AbortSignal): Promise<number> {
  let slowest = 0
  while (!over.aborted) {
    const started = performance.now()
    await ask(port, { path: '/health/live', agent: false })
    slowest = Math.max(slowest, Math.round(performance.now() - started))
    await after(PROBE_EVERY_MS)
  }
  return slowest
}
