import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Found, LookUp } from '../identity/identify.ts'

/**
 * Looks up once for all who ask for the same session in one turn of the event loop: a page brings many requests at once.
 * Only when the turn is over the look-up begins, so nobody is told what was true before they asked.
 */
export function onceATurn (lookUp: LookUp): LookUp {
  const asked = new Map<string, ReturnType<LookUp>>()
  let turn: Promise<void> | null = null

  async function begin (handle: string): Promise<Found | null> {
    await (turn ??= endOfTurn().finally(() => { turn = null }))
    asked.delete(handle)
    return await lookUp(handle)
  }

  return handle => {
    const answer = asked.get(handle) ?? begin(handle)
    asked.set(handle, answer)
    return answer
  }
}
