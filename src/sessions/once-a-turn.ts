import type { LookUp } from './identify.ts'

/**
 * Looks up once for all who ask for the same session before the event loop turns: a page brings many requests at once.
 * Only for a client that sends what was asked when the loop turns, as ioredis does with auto-pipelining: then the store is
 * read after each of them has asked, and nobody is told what was true before that.
 */
export function onceATurn (lookUp: LookUp): LookUp {
  const asked = new Map<string, ReturnType<LookUp>>()
  const turn = () => asked.clear()

  return handle => {
    const known = asked.get(handle)
    if (known !== undefined) return known
    // Before the client says when it sends: who asks while it does comes too late.
    if (asked.size === 0) setImmediate(turn)
    const answer = lookUp(handle)
    asked.set(handle, answer)
    return answer
  }
}
