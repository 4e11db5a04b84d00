/**
 * The same store, with every call observed.
 * @param observe called after each with the method's name, the seconds it took, and whether it failed
 */
export function instrument<Store extends object> (store: Store, observe: (operation: string, seconds: number, failed: boolean) => void): Store {
  return new Proxy(store, {
    get (target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => timed(() => member.apply(target, args), (seconds, failed) => observe(String(name), seconds, failed))
    }
  })
}

// From before the call: SQLite works while it is called.
function timed (work: () => unknown, observe: (seconds: number, failed: boolean) => void): unknown {
  const started = performance.now()
  const answer = work()
  const end = (failed: boolean) => observe((performance.now() - started) / 1000, failed)
  Promise.resolve(answer).then(() => end(false), () => end(true))
  return answer
}
