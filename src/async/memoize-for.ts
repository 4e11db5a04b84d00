import type { Clock } from '../clock.ts'

/** What the work answered, for a while: asked for more often, it is not done more often. */
export function memoizeFor<T> (work: () => Promise<T>, milliseconds: number, now: Clock): () => Promise<T> {
  let known: { answer: Promise<T>, at: number } | undefined
  return () => {
    if (known === undefined || now() - known.at >= milliseconds) {
      known = { answer: work(), at: now() }
    }
    return known.answer
  }
}
