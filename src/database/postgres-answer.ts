import type { FastifyErrorConstructor } from '@fastify/error'
import { orUnavailable } from '../unavailable.ts'
import { within } from '../within.ts'

// A call can take several queries, each with a timeout of its own; the caller was promised an answer within a second.
const DEADLINE_MS = 950

/** @param isLate whether the work was given up, so that nobody waits for it any more */
type Work<T> = (isLate: () => boolean) => Promise<T>

/** Like orUnavailable, and in time. A write that was given up may still be made, unless it asks whether it is late. */
export function postgresAnswer<T> (Unavailable: FastifyErrorConstructor, work: Work<T>): Promise<T> {
  return orUnavailable(Unavailable, () => soon(work))
}

/** What PostgreSQL answers within a second, or a rejection. */
export async function soon<T> (work: Work<T>): Promise<T> {
  let isLate = false
  return await within(DEADLINE_MS, work(() => isLate)).finally(() => { isLate = true })
}
