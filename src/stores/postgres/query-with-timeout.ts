import type { FastifyErrorConstructor } from '@fastify/error'
import { CALL_TIMEOUT_MS, PAGE_TIMEOUT_MS } from '../../async/time-budget.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import { withTimeout } from '../../async/with-timeout.ts'

/** @param isLate whether the work was given up, so that nobody waits for it any more */
type Work<T> = (isLate: () => boolean) => Promise<T>

/**
 * Like orUnavailable, and in time. Each query has a timeout of its own; this one is for calls of several, and for the time it
 * takes to connect. A write that was given up may still be made, unless it asks whether it is late.
 * @param timeout milliseconds; `timeLeft` where a form may be waiting
 */
export function queryWithTimeout<T> (Unavailable: FastifyErrorConstructor, work: Work<T>, timeout = () => PAGE_TIMEOUT_MS): Promise<T> {
  let isLate = false
  return orUnavailable(Unavailable, () => withTimeout(timeout(), work(() => isLate)).finally(() => { isLate = true }))
}

/** For the counters of forms: outside of their budget, so that an attempt that was not checked can be given back when it is used up. */
export async function countersAnswer<T> (work: () => Promise<T>): Promise<T> {
  return await withTimeout(CALL_TIMEOUT_MS, work())
}
