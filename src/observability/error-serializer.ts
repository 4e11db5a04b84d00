import { DrizzleQueryError } from 'drizzle-orm'

const LENGTH_MAX = 2_000
const CAUSES_MAX = 5

interface ErrorLine {
  [field: string]: unknown
  type: string
  message: string
  stack: string
}

/**
 * An error as the log shows it. What else drivers hang on their errors stays out: the command that failed, with what
 * it was to store, the row that was in the way.
 */
export function serializeError (error: Error & { code?: unknown }, depth = 1): ErrorLine {
  const { name: type, code, cause } = error
  const goesOn = cause instanceof Error && depth < CAUSES_MAX
  return { type, code, ...toldBy(error), cause: goesOn ? serializeError(cause, depth + 1) : undefined }
}

function toldBy (error: Error) {
  // Its message repeats the query with all values, password hashes included. What the database said is the cause.
  if (error instanceof DrizzleQueryError) return { message: 'a query failed', stack: '' }
  return { message: String(error.message).slice(0, LENGTH_MAX), stack: String(error.stack).slice(0, LENGTH_MAX) }
}
