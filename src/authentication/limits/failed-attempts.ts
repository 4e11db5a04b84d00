import type { Clock } from '../../clock.ts'
import { type Failures, FREE_ATTEMPTS, oneLess, oneMore, waitAfter } from './backoff.ts'
import { type Consumed, refused } from './consumed.ts'
import type { RateLimitStore } from './rate-limit-store.ts'

export interface FailedAttempts {
  /** @returns milliseconds until the next attempt at this account may be made */
  waitFor (account: string): Promise<number>
  /** Counts an attempt before it is checked, so that parallel attempts cannot outrun the count. */
  consume (account: string): Promise<Consumed & { isLastFree: boolean }>
  reset (account: string): Promise<void>
}

type Store = Pick<RateLimitStore, 'readFailures' | 'replaceFailures'>

/** Consecutive failures by account: some attempts are free, then waits double. */
export function failedAttempts (store: Store, now: Clock): FailedAttempts {
  /** Of parallel changes one is written, and the others look again. What stays as it is costs no write. */
  async function change (account: string, to: (stored: Failures | null) => Failures | null) {
    for (;;) {
      const before = await store.readFailures(account)
      const after = to(before)
      if (after === before || await store.replaceFailures(account, before, after)) return { before, after }
    }
  }

  return {
    waitFor: async account => waitAfter(await store.readFailures(account), now()),
    async consume (account) {
      const at = now()
      const { before, after } = await change(account, failures => waitAfter(failures, at) > 0 ? failures : oneMore(failures, at))
      if (after === before) return { ...refused(waitAfter(before, at)), isLastFree: false }
      // Unless others were counted since, the account waits no longer than it did before.
      const undone = (stored: Failures | null) => isSame(stored, after) ? before : stored && oneLess(stored)
      return { wait: 0, isLastFree: after?.count === FREE_ATTEMPTS, giveBack: async () => { await change(account, undone) } }
    },
    reset: async account => { await change(account, () => null) }
  }
}

function isSame (one: Failures | null, other: Failures | null): boolean {
  return one?.count === other?.count && one?.expiresAt === other?.expiresAt
}
