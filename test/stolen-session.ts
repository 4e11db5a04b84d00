import type { Test } from 'tap'
import { disableAccount } from '../src/accounts/disable-account.ts'
import { endAllSessions } from '../src/accounts/end-sessions.ts'
import { handleOf } from '../src/sessions/session-handle.ts'
import type { Account } from '../src/users/user-repository.ts'
import { tellsOfHeldForms } from './held-form.ts'
import { Browser, grace, HOUR_MS, openService, type Service } from './helper.ts'

/*
 * A thief has the session of the phone, and knows the password. The owner notices, and ends the session, while a form of
 * the thief is under way.
 */

const chosen = 'microseconds are longer wires'

/** What is accepted from whoever has the session and the password. A route that is not named here takes anything. */
const forms: Record<string, Record<string, string>> = {
  '/account/profile': { first_name: 'Eve', last_name: 'Eve' },
  '/account/email': { email: 'eve@example.com', current_password: grace.password },
  '/account/password': { current_password: grace.password, new_password: chosen },
  '/account/delete': { current_password: grace.password },
  '/account/reauthenticate': { password: grace.password }
}

export interface Scene extends Service {
  laptop: Browser
  phone: Browser
  user: Account
  passwordHash: string
  port: number
  /** Every form for which somebody is logged in, as the running service has them. */
  paths: string[]
}

/** One write, after which no session of before counts, whatever the session store has. */
export const endsOfAll: Record<string, (scene: Scene) => Promise<unknown>> = {
  'the password was changed': ({ laptop }) => laptop.submit('/account/password', { current_password: grace.password, new_password: chosen }),
  'all other devices were logged out': ({ laptop }) => laptop.submit('/account/devices/revoke-others'),
  'the account was deleted': ({ laptop }) => laptop.submit('/account/delete', { current_password: grace.password }),
  'an operator disabled the account': ({ app, user }) => disableAccount(app.transact, user.id, new Date()),
  'an operator raised the epoch, and the store was not told': ({ app, user }) => endAllSessions(app.transact, { id: user.id })
}

export const endsOfOne: Record<string, (scene: Scene) => Promise<unknown>> = {
  'this device was logged out': ({ laptop, phone }) => laptop.submit(`/account/devices/${handleIn(phone)}/revoke`),
  'it was logged out itself': ({ phone }) => sameBrowser(phone).logOut(),
  'it went on under a new id': ({ phone }) => sameBrowser(phone).submit('/account/reauthenticate', { password: grace.password }),
  'an operator ended this session': ({ app, phone }) => app.sessions.revoke(handleIn(phone)),
  'it was not used for too long': async ({ time }) => time.pass(HOUR_MS)
}

/** An account on a laptop and on a phone. The laptop is also what a form could log out. */
export async function openScene (t: Test, settings: Record<string, string> = {}): Promise<Scene> {
  const service = await openService(t, settings, { pages: tellsOfHeldForms })
  const { app, browser } = service
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  const [laptop, phone] = [browser(), browser()]
  await laptop.signUp()
  await phone.logIn()
  const user = (await app.users.findByEmail(grace.email))!
  const passwordHash = (await app.credentials.passwordOf(user.id))!
  return { ...service, laptop, phone, user, passwordHash, port, paths: pathsIn(service.routes, handleIn(laptop)) }
}

/** @param handle of a session that a form could end */
export function pathsIn (routes: string[], handle: string): string[] {
  const paths = routes.filter(route => /^POST \/(account|logout)\b/.test(route)).map(route => route.slice('POST '.length).replace(':handle', handle))
  if (!Object.keys(forms).every(path => paths.includes(path))) throw new Error(`not among the routes: ${paths.join()}`)
  return paths
}

export function fieldsOf (path: string): Record<string, string> {
  return forms[path] ?? { x: '' }
}

/** All that a form can change. */
export async function stateOf ({ app, user: { id } }: Scene) {
  const user = await app.users.findById(id)
  const sessions = await app.sessions.listOf(id)
  return {
    user,
    // Those of an epoch before are over, whether the store still has them or not.
    sessions: sessions.filter(({ core }) => core.login?.epoch === user?.sessionEpoch).map(({ handle }) => handle).toSorted(),
    events: (await app.accountEvents.listOf(id)).map(({ type }) => type)
  }
}

/** Another tab: the same cookies, sent at the same time. */
export function sameBrowser (browser: Browser): Browser {
  const tab = new Browser(browser.app)
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value)
  return tab
}

export function handleIn ({ cookies }: Browser): string {
  return handleOf(decodeURIComponent(cookies.get('session')!).split('.')[0]!)
}

/** Whether an answer has a session cookie that opens something. */
export function beginsSession (setCookies: string[]): boolean {
  return setCookies.some(line => line.startsWith('session=') && !line.includes('Max-Age=0'))
}
