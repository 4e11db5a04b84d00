/** Maps a value or a promise of one. A value is mapped at once: awaiting what is already in memory costs a good part of a short response. */
export function mapMaybeAsync<A, B> (known: A | Promise<A>, goOn: (value: A) => B | Promise<B>): B | Promise<B> {
  return known instanceof Promise ? known.then(goOn) : goOn(known)
}
