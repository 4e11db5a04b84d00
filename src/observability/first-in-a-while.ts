/**
 * Tells the first of many alike from those that follow it, for a log that shall say once what lasts.
 * @param quietMs for so long there must have been none before one is the first again
 * @param now milliseconds of a clock that is never set back
 */
export function firstInAWhile (quietMs: number, now = () => performance.now()): () => boolean {
  let last = -Infinity
  return () => {
    const before = last
    last = now()
    return last - before >= quietMs
  }
}
