import type { FastifyErrorConstructor } from '@fastify/error'
import { orUnavailable } from '../unavailable.ts'
import { within } from '../within.ts'

// A call can take several queries, each with a timeout of its own; the caller was promised an answer within a second.
const DEADLINE_MS = 950

/** Like orUnavailable, and in time. A write that comes too late may still be made: what it answers then is not known. */
export function postgresAnswer<T> (Unavailable: FastifyErrorConstructor, work: () => Promise<T>): Promise<T> {
  return orUnavailable(Unavailable, () => soon(work))
}

/** What PostgreSQL answers within a second, or a rejection. */
export async function soon<T> (work: () => Promise<T>): Promise<T> {
  return await within(DEADLINE_MS, work())
}
