import { setTimeout as after } from 'node:timers/promises'

/** For a busy machine, too: what has not happened by then will not. */
const LONGEST_MS = 60_000
const EVERY_MS = 50

interface Limits { longestMs?: number, everyMs?: number }

/**
 * Asks until it holds. Nothing in a test is waited for without an end, or it would say nothing but "timeout".
 * @param what as in "the proxy to listen"
 * @throws a sentence that says what was waited for, and what the last question was answered with when it is not a boolean
 */
export async function until (what: string, holds: () => unknown, { longestMs = LONGEST_MS, everyMs = EVERY_MS }: Limits = {}): Promise<void> {
  const begun = performance.now()
  let last: unknown
  const lastAnswer = () => typeof last === 'boolean' ? '' : `, last: ${last instanceof Error ? last.message : JSON.stringify(last)}`
  while (performance.now() - begun < longestMs) {
    last = await inTime(`${what}${lastAnswer()}`, answerOf(holds), longestMs)
    if (last === true) return
    await after(everyMs)
  }
  throw notInTime(`${what}${lastAnswer()}`, longestMs)
}

async function answerOf (question: () => unknown): Promise<unknown> {
  try {
    return await question()
  } catch (error) {
    return error
  }
}

/** What is promised, when it comes in time. */
export async function inTime<T> (what: string, promise: Promise<T>, longestMs = LONGEST_MS): Promise<T> {
  const gone = new AbortController()
  const late = after(longestMs, undefined, { signal: gone.signal }).then(() => { throw notInTime(what, longestMs) })
  late.catch(() => {})
  return await Promise.race([promise, late]).finally(() => gone.abort())
}

function notInTime (what: string, longestMs: number): Error {
  return new Error(`Waited ${longestMs / 1_000} seconds for ${what}`)
}
