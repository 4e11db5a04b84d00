import { AsyncLocalStorage } from 'node:async_hooks'

/** For all that a form asks of the stores. At 100 ms of latency a login takes up to 1.5 seconds. It is shorter than a stop may take. */
export const FORM_BUDGET_MS = 8_000
/** For one call of a form, which can take several round trips. */
export const CALL_TIMEOUT_MS = 5_000

/** For each call of a page view, and of all that is no form. */
export const PAGE_TIMEOUT_MS = 950

const deadlines = new AsyncLocalStorage<number>()

/** The store calls of the work share this time, however many they are. */
export function withBudget<T> (milliseconds: number, work: () => T): T {
  return deadlines.run(performance.now() + milliseconds, work)
}

/** Cleaning up after a form is not part of it. */
export function withoutBudget<T> (work: () => T): T {
  return deadlines.exit(work)
}

/**
 * Milliseconds that a call may take.
 * @throws when the budget is used up: then nothing begins any more, as nobody waits for it
 */
export function timeLeft (): number {
  const deadline = deadlines.getStore()
  if (deadline === undefined) return PAGE_TIMEOUT_MS
  const left = Math.ceil(deadline - performance.now())
  if (left <= 0) throw new Error('The time for this form is used up')
  return Math.min(left, CALL_TIMEOUT_MS)
}
