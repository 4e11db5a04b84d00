import type { Clock } from '../clock.ts'

/** Caches the result of the work for some milliseconds, a rejection included. */
export function memoizeFor<T> (work: () => Promise<T>, milliseconds: number, now: Clock): () => Promise<T> {
  let known: { answer: Promise<T>, at: number } | undefined
  return () => {
    if (known === undefined || now() - known.at >= milliseconds) {
      known = { answer: work(), at: now() }
    }
    return known.answer
  }
}
