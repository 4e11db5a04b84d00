/** A page that was looked at in a session. */
export type Visit = [path: string, at: number]

const KEPT = 10

/** The history with one more visit, newest first, the last ten. */
export function withVisit (visits: Visit[], path: string, at: number): Visit[] {
  return [[path, at] satisfies Visit, ...visits].slice(0, KEPT)
}
