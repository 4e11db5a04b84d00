/**
 * Recognizes the first of many equal incidents, so that the log has one line for all of them.
 * @param quietMs an incident is the first again after this long without one
 * @param now milliseconds of a monotonic clock
 */
export function firstInAWhile (quietMs: number, now = () => performance.now()): () => boolean {
  let last = -Infinity
  return () => {
    const before = last
    last = now()
    return last - before >= quietMs
  }
}
