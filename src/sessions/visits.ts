import { randomBytes } from 'node:crypto'

/** A page that was looked at in a session, and when, in epoch milliseconds. */
export type Visit = [path: string, at: number]

/**
 * Each visit is a field of its own, with a number that says which was later and a few random characters. A session is
 * saved field by field, so parallel page views of one session all stay.
 */
type VisitName = `visit:${number}:${string}`

/** The part of a session that is about visits. */
export interface Visited {
  [name: VisitName]: Visit | undefined
  /** As they were stored until each had a field: newest first. */
  visits?: Visit[] | undefined
}

const KEPT = 10
/** Parallel views can leave more than are kept, and one save takes only so many fields. */
const REMOVED_AT_ONCE = 100

/** The last ten visits, newest first. @param fields of a session, as they are stored */
export function visitsIn (fields: object): Visit[] {
  const session = fields as Visited
  const visits = namesIn(session).map(name => session[name]!)
  return [...visits, ...session.visits ?? []].slice(0, KEPT)
}

/** What one more visit changes in a session: one field more, and those beyond the last ten are gone. */
export function oneMoreVisit (session: Visited, path: string, at: number): Visited {
  const names = namesIn(session)
  const name: VisitName = `visit:${numberOf(names[0]) + 1}:${randomBytes(3).toString('base64url')}`
  const surplus = names.slice(KEPT - 1).slice(-REMOVED_AT_ONCE)
  const isFull = names.length + 1 >= KEPT
  return { [name]: [path, at], ...Object.fromEntries(surplus.map(name => [name, undefined])), ...(isFull ? { visits: undefined } : {}) }
}

/** The latest first. */
function namesIn (session: Visited): VisitName[] {
  const names = Object.keys(session).filter(isVisit).filter(name => session[name] !== undefined)
  return names.sort((one, other) => numberOf(other) - numberOf(one))
}

function isVisit (name: string): name is VisitName {
  return /^visit:\d+:/.test(name)
}

function numberOf (name: VisitName | undefined): number {
  return Number(name?.split(':')[1] ?? 0)
}
