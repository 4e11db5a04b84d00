import { LRUCache } from 'lru-cache'
import type { Identity, LookUp } from './identify.ts'

/** So long a new name or email can take to be told. What ends or changes a session is heard of. */
const KEPT_MS = 2_000
const KEPT_MAX = 10_000

/** Identities as they were looked up in the last seconds, none of them known to be false. */
export interface IdentityMemory {
  lookUp: LookUp
  /** Each change of a session is told from now on. Before that nothing is kept. */
  start (): void
  /** A session was changed or ended. */
  forget (handle: string): void
  /** All of them were. */
  forgetAll (): void
  /** Changes are no longer told: nothing is kept until the next start. */
  stop (): void
}

/** @param now milliseconds of a clock that is never set back */
export function identityMemory (lookUp: LookUp, now = () => performance.now()): IdentityMemory {
  const kept = new LRUCache<string, Identity>({ max: KEPT_MAX, ttl: KEPT_MS, ttlResolution: 0, perf: { now } })
  const underWay = new Map<string, ReturnType<LookUp>>()
  let toldOfChanges = false

  function begin (handle: string): ReturnType<LookUp> {
    const answer = lookUp(handle)
    if (toldOfChanges) keep(handle, answer).catch(() => endLookUp(handle, answer))
    return answer
  }

  // What changed while it was read is not kept: it may have been read before that.
  async function keep (handle: string, answer: ReturnType<LookUp>): Promise<void> {
    underWay.set(handle, answer)
    const identity = await answer
    if (endLookUp(handle, answer) && identity !== null) kept.set(handle, identity)
  }

  /** @returns whether nothing has changed meanwhile */
  function endLookUp (handle: string, answer: ReturnType<LookUp>): boolean {
    return underWay.get(handle) === answer && underWay.delete(handle)
  }

  return {
    lookUp: handle => kept.get(handle) ?? underWay.get(handle) ?? begin(handle),
    start () { toldOfChanges = true },
    forget (handle) { for (const known of [kept, underWay]) known.delete(handle) },
    forgetAll () { for (const known of [kept, underWay]) known.clear() },
    stop () {
      toldOfChanges = false
      this.forgetAll()
    }
  }
}
