import { setImmediate as endOfTick } from 'node:timers/promises'

/**
 * Does the work once for all who ask for the same key within one tick of the event loop: a page sends many requests at once.
 * It begins when the tick is over, after all of them have asked, so no one gets stale data.
 */
export function coalescePerTick<T> (work: (key: string) => T | Promise<T>): (key: string) => Promise<T> {
  const pending = new Map<string, Promise<T>>()
  let tick: Promise<void> | null = null

  async function begin (key: string): Promise<T> {
    await (tick ??= endOfTick().finally(() => { tick = null }))
    pending.delete(key)
    return await work(key)
  }

  return key => {
    const answer = pending.get(key) ?? begin(key)
    pending.set(key, answer)
    return answer
  }
}
