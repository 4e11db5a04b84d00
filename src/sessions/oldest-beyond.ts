import type { StoredSession } from './session-store.ts'

/** The sessions that are too many: all but the newest `cap`. */
export function oldestBeyond (cap: number, sessions: StoredSession[]): StoredSession[] {
  const newestFirst = sessions.toSorted((a, b) => Number(b.fields.startedAt) - Number(a.fields.startedAt))
  return newestFirst.slice(cap)
}
