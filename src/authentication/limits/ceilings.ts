import { type NetworkKind, networksOf } from '../../http/client-address.ts'
import type { Clock } from '../../clock.ts'
import { type Consumed, refused } from './consumed.ts'
import type { Counter, RateLimitStore } from './rate-limit-store.ts'

/** How often something may happen in windows of so many seconds. */
interface Ceiling {
  points: number
  seconds: number
}

export type CeilingOptions = Record<NetworkKind | 'everybody', Ceiling> & { name: string }

export interface Ceilings {
  /** @returns milliseconds until something may happen from this address */
  waitFor (address: string): Promise<number>
  /** Counts once for each network that the address is in, and once for everybody. */
  consume (address: string): Promise<Consumed>
}

interface Window extends Counter {
  points: number
  /** Milliseconds until it ends. */
  left: number
}

/** Clocks of the machines may differ, so a counter outlives its window. */
const MARGIN_MS = 60_000

/** Ceilings on an address, on the networks around it, and on everybody together. */
export function ceilings (store: Pick<RateLimitStore, 'readCounts' | 'addToCounts'>, { name, ...byKind }: CeilingOptions, now: Clock): Ceilings {
  function windowsOf (address: string): Window[] {
    const at = now()
    return [...networksOf(address), { kind: 'everybody' as const, network: 'everybody' }].map(({ kind, network }) => {
      const { points, seconds } = byKind[kind]
      const windowMs = seconds * 1000
      const left = windowMs - at % windowMs
      // The key names the window: when the clock is set back, another one begins, and nobody waits for one in the future.
      return { key: `${name}:${Math.floor(at / windowMs)}:${network}`, expiresAt: at + left + MARGIN_MS, points, left }
    })
  }

  return {
    async waitFor (address) {
      const windows = windowsOf(address)
      const counts = await store.readCounts(windows)
      return longest(windows.filter(({ points }, at) => counts[at]! >= points))
    },

    async consume (address) {
      const windows = windowsOf(address)
      const counts = await store.addToCounts(windows, 1)
      const giveBack = async () => { await store.addToCounts(windows, -1) }
      const wait = longest(windows.filter(({ points }, at) => counts[at]! > points))
      if (wait === 0) return { wait, giveBack }
      await giveBack()
      return refused(wait)
    }
  }
}

function longest (windows: Window[]): number {
  return Math.max(0, ...windows.map(({ left }) => left))
}
