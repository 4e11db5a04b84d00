/** Goes on with what is there, now or when it comes. To wait for what is there already, in memory, costs a good part of a short answer. */
export function mapMaybeAsync<A, B> (known: A | Promise<A>, goOn: (value: A) => B | Promise<B>): B | Promise<B> {
  return known instanceof Promise ? known.then(goOn) : goOn(known)
}
