import type { Teardown } from './teardown.ts'

/** Ends all that the work has started, the last first: when it is done, fails, takes too long, or is told to stop. */
export async function runToItsEnd (longestMs: number, work: (run: Teardown) => Promise<void>): Promise<void> {
  // Each program that is started listens for the end of this process.
  process.setMaxListeners(50)
  const ends: Array<() => unknown> = []
  let ending: Promise<void> | undefined
  const endAll = async () => { while (ends.length > 0) await ends.pop()!() }
  const breakOff = (why: string) => {
    console.error(why)
    ending ??= endAll()
    ending.finally(() => process.exit(1))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => breakOff(`Told to stop by ${signal}`))
  setTimeout(() => breakOff(`Not done after ${longestMs / 1_000} seconds`), longestMs).unref()
  try {
    // What is started while everything ends is ended with it.
    await work({ teardown: end => { if (ending === undefined) ends.push(end); else ending = ending.then(end).then(() => {}) } })
  } catch (error) {
    // What the work asks is gone when it is broken off.
    if (ending === undefined) throw error
  } finally {
    await (ending ??= endAll())
  }
}
