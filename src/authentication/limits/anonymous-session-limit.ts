import { addressGroup } from '../../http/client-address.ts'
import type { Clock } from '../../clock.ts'

const WINDOW_MS = 10 * 60_000
const PER_ADDRESS = 20
/** However many addresses a flood comes from. It also bounds how many addresses are remembered here. */
const ANONYMOUS_SESSIONS_MAX = 10_000

/** How many anonymous sessions this process starts: counted before anything is stored, so that a flood of visitors fills no store. */
export class AnonymousSessionLimit {
  #now: Clock
  #onReached: () => void
  #startedAt = -Infinity
  #starts = new Map<string, number>()
  #total = 0

  /** @param onReached called when all addresses together have reached their limit, once until it is lifted */
  constructor (now: Clock, onReached: () => void) {
    this.#now = now
    this.#onReached = onReached
  }

  /** Counts one that is about to start. @returns false when there are too many, and it must not start */
  consume (address: string): boolean {
    this.#renewWindow()
    const group = addressGroup(address)
    const before = this.#starts.get(group) ?? 0
    if (before >= PER_ADDRESS || this.#total >= ANONYMOUS_SESSIONS_MAX) return false
    this.#starts.set(group, before + 1)
    if (++this.#total === ANONYMOUS_SESSIONS_MAX) this.#onReached()
    return true
  }

  // Also when the clock was set back: nobody waits for it to catch up.
  #renewWindow (): void {
    const now = this.#now()
    if (Math.abs(now - this.#startedAt) < WINDOW_MS) return
    this.#startedAt = now
    this.#starts.clear()
    this.#total = 0
  }
}
