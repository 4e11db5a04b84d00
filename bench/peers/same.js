import { createRequire } from 'node:module'

/*
 * What every peer does alike: who is logged in, from the same table of the same file, and the same answer about it.
 */

const { DATABASE, USER_ID } = process.env
const Database = createRequire(new URL('../../package.json', import.meta.url))(Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3-13' : 'better-sqlite3')
const byId = new Database(DATABASE, { readonly: true }).prepare('select id, email, first_name as firstName, last_name as lastName, session_epoch as epoch from users where id = ?')

const HOUR_MS = 3_600_000

/** What a login puts into the session: the fields of Latchkey's own. */
export function loggedIn (now = Date.now()) {
  return { userId: USER_ID, epoch: 1, startedAt: now, lastSeenAt: now, device: 'Firefox on Linux', address: '127.0.0.1' }
}

/** The user of a session, or undefined. */
export function userOf ({ userId, epoch }) {
  const user = userId && byId.get(userId)
  return user?.epoch === epoch ? user : undefined
}

export function aboutSession ({ id, email, firstName, lastName }, { startedAt, lastSeenAt }) {
  const iso = at => new Date(at).toISOString()
  const session = { signedInAt: iso(startedAt), lastSeenAt: iso(lastSeenAt), expiresAt: iso(lastSeenAt + HOUR_MS), remembered: false }
  return { user: { id, email, firstName, lastName }, session }
}

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
const shownTime = at => ({ iso: new Date(at).toISOString(), text: `${exact.format(at)} UTC` })

/** What the view of the dashboard shows. */
export function dashboard (user, { startedAt, lastSeenAt }) {
  return { user, path: '/dashboard', session: { signedInAt: shownTime(startedAt), expiresAt: shownTime(lastSeenAt + HOUR_MS), remembered: false } }
}
