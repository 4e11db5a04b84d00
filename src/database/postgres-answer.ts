import type { FastifyErrorConstructor } from '@fastify/error'
import { orUnavailable } from '../unavailable.ts'
import { within } from '../within.ts'

// A call can take several queries, each with a timeout of its own; the caller was promised an answer within a second.
const DEADLINE_MS = 950

/** Like orUnavailable, and in time. A write that comes too late may still be made: what it answers then is not known. */
export function postgresAnswer<T> (Unavailable: FastifyErrorConstructor, work: () => Promise<T>): Promise<T> {
  return orUnavailable(Unavailable, () => soon(work))
}

/** What PostgreSQL answers within a second; else, and when it fails, a rejection that may be logged. */
export async function soon<T> (work: () => Promise<T>): Promise<T> {
  return await within(DEADLINE_MS, work()).catch(withoutValues)
}

/** What Drizzle's error tells are the statement and its values, and PostgreSQL's details name rows: emails, hashes, sessions. */
function withoutValues (error: Error): never {
  const cause = (error.cause ?? error) as Error
  for (const name of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(cause, name)
  throw cause
}
