import { LRUCache } from 'lru-cache'
import type { Found, LookUp } from './identify.ts'

/** A new name or email can be stale for this long. Changes of a session are pushed. */
const TTL_MS = 2_000
const MAX_ENTRIES = 10_000

/** Sessions and accounts that were looked up in the last seconds. An entry is removed when its session changes. */
export interface IdentityCache {
  lookUp: LookUp
  /** Every change is pushed, and what was pushed has arrived: entries can be used. @param until milliseconds of the clock `now` */
  enable (until: number): void
  isEnabled (): boolean
  /** A session was changed or ended. */
  invalidate (handle: string): void
  /** All of them were. */
  clear (): void
  /** Changes may be missed from now on: nothing from before is used again. */
  disable (): void
}

/** @param now milliseconds of a clock that is never set back */
export function identityCache (lookUp: LookUp, now = () => performance.now()): IdentityCache {
  const cached = new LRUCache<string, Found>({ max: MAX_ENTRIES, ttl: TTL_MS, ttlResolution: 0, perf: { now } })
  const pending = new Map<string, ReturnType<LookUp>>()
  let enabledUntil = -Infinity
  const isEnabled = () => now() < enabledUntil

  function begin (handle: string): ReturnType<LookUp> {
    const answer = lookUp(handle)
    if (isEnabled()) keep(handle, answer).catch(() => settle(handle, answer))
    return answer
  }

  // What changed while it was read is not kept: it may have been read before that.
  async function keep (handle: string, answer: ReturnType<LookUp>): Promise<void> {
    pending.set(handle, answer)
    const found = await answer
    if (settle(handle, answer) && found !== null) cached.set(handle, found)
  }

  /** @returns whether nothing has changed meanwhile */
  function settle (handle: string, answer: ReturnType<LookUp>): boolean {
    return pending.get(handle) === answer && pending.delete(handle)
  }

  return {
    lookUp: handle => (isEnabled() && (cached.get(handle) ?? pending.get(handle))) || begin(handle),
    enable (until) { enabledUntil = until },
    isEnabled,
    invalidate (handle) { for (const known of [cached, pending]) known.delete(handle) },
    clear () { for (const known of [cached, pending]) known.clear() },
    disable () {
      enabledUntil = -Infinity
      this.clear()
    }
  }
}
