/**
 * The same store, whose every call is told of when it has been answered.
 * @param told the method's name, the seconds it took, and whether it failed
 */
export function instrument<Store extends object> (store: Store, told: (operation: string, seconds: number, failed: boolean) => void): Store {
  return new Proxy(store, {
    get (target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => timed(() => member.apply(target, args), (seconds, failed) => told(String(name), seconds, failed))
    }
  })
}

// From before the call: SQLite works while it is called.
function timed (work: () => unknown, told: (seconds: number, failed: boolean) => void): unknown {
  const started = performance.now()
  const answer = work()
  const end = (failed: boolean) => told((performance.now() - started) / 1000, failed)
  Promise.resolve(answer).then(() => end(false), () => end(true))
  return answer
}
