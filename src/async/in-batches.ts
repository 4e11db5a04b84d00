import { setTimeout as after } from 'node:timers/promises'

interface Pace {
  /** How long one batch may hold up others. */
  batchMs: number
  /** The pause after a batch, as a multiple of the time that the batch took. */
  pauseFactor: number
}

/** Nobody waits for it: most of the time belongs to requests. */
const GENTLE: Pace = { batchMs: 5, pauseFactor: 3 }
/** An operator waits for it. */
export const BRISK: Pace = { batchMs: 20, pauseFactor: 1 }

/** Rows of the first batch, and the fewest of any. */
const LEAST = 10
const MOST = 1_000

interface BatchOptions {
  pace?: Pace
  /** Called after each batch with the number of rows so far. */
  progress?: ((done: number) => void) | undefined
  /** Milliseconds, of any origin. */
  time?: () => number
  pause?: (ms: number) => Promise<unknown>
}

/**
 * Repeats a write until it finds nothing more. Each batch holds up other writers, and in SQLite the event loop, so its
 * size follows the time that the last one took.
 * @param write changes or removes at most so many rows, and returns how many
 * @returns how many in all
 */
export async function inBatches (write: (atMost: number) => number | Promise<number>, options: BatchOptions = {}): Promise<number> {
  const { pace = GENTLE, progress = () => {}, time = () => performance.now(), pause = after } = options
  let done = 0
  let size = LEAST
  while (true) {
    const started = time()
    const written = await write(size)
    const took = time() - started
    if (written === 0) return done
    done += written
    progress(done)
    await pause(took * pace.pauseFactor)
    size = sizeAfter(size, pace.batchMs / took)
  }
}

/** At most twice or half as many as before: one batch may have been slow for a reason of its own. */
function sizeAfter (size: number, ratio: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, size * Math.min(2, Math.max(0.5, ratio)))))
}
