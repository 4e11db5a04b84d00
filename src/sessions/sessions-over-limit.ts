import type { StoredSession } from './session-store.ts'

/**
 * The sessions that are too many beside one that has just begun: the oldest of the others.
 * The new one is never among them, whatever the clocks of other machines say.
 */
export function sessionsOverLimit (cap: number, sessions: StoredSession[], newHandle: string): StoredSession[] {
  const others = sessions.filter(({ handle }) => handle !== newHandle)
  const newestFirst = others.toSorted((a, b) => b.core.startedAt - a.core.startedAt)
  return newestFirst.slice(cap - 1)
}
