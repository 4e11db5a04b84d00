import { setTimeout as after } from 'node:timers/promises'
import type { SeveralServices } from './services.ts'

/** For a proxy to see that one is there again, before the next one goes. */
const SEEN_MS = 1_000

/** Stops one after the other, each when the one before is ready again. @returns how each ended */
export async function restartInTurn (services: SeveralServices, which = [...services.ports.keys()]): Promise<Array<{ code: number, ms: number }>> {
  const ends = []
  for (const at of which) {
    ends.push(await services.stop(at))
    await services.start(at)
    await after(SEEN_MS)
  }
  return ends
}
