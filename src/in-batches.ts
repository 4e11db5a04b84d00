import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Repeats a small removal until it finds nothing more. Each one holds up other writers, and in SQLite the event loop,
 * so requests get their turn in between.
 * @param remove removes a few at most, and says how many
 * @param progress is told after each how many that makes
 * @returns how many were removed
 */
export async function inBatches (remove: () => number | Promise<number>, progress: (removed: number) => void = () => {}): Promise<number> {
  let removed = await remove()
  for (let more = removed; more > 0; removed += more) {
    progress(removed)
    await nextTurn()
    more = await remove()
  }
  return removed
}
