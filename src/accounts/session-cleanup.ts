import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreLog } from '../observability/store-log.ts'
import { withoutBudget } from '../async/time-budget.ts'
import { type EndSessionsParts, endSessions } from './end-sessions.ts'

/** Far more than an outage leaves behind between two sweeps. What is beyond it ends when it is not used. */
const WAITING_MAX = 1_000

/** Ends sessions that open nothing anymore or that nobody holds: now, and again with the next sweep, as the store may be down. */
export interface SessionCleanup {
  /** For a session whose id was never sent. A create that timed out may still run, which is why once may be too early. */
  end (handle: string): Promise<void>
  /** For a user who is gone. */
  endAllOf (userId: string): Promise<void>
  /** @throws SESSIONS_UNAVAILABLE; then the next sweep tries again */
  sweep (): Promise<void>
}

interface CleanupOptions {
  sessions: EndSessionsParts['sessions']
  log: StoreLog
}

/** None of its work is a reason for a request to fail: only `sweep` rejects. */
export function sessionCleanup ({ sessions, log }: CleanupOptions): SessionCleanup {
  const waiting = new Map<string, () => Promise<unknown>>()

  async function tryNow (name: string, work: () => Promise<unknown>): Promise<void> {
    if (waiting.size < WAITING_MAX) waiting.set(name, work)
    await withoutBudget(work).catch(err => log.warn({ err }, 'sessions could not be ended now, the next sweep tries again'))
  }

  async function sweep (): Promise<void> {
    for (const [name, work] of waiting) {
      await work()
      waiting.delete(name)
      await nextTurn()
    }
  }

  return {
    end: handle => tryNow(handle, () => endSessions({ sessions }, { handle })),
    endAllOf: userId => tryNow(userId, () => endSessions({ sessions }, { userId })),
    sweep
  }
}
