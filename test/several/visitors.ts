import { grace } from '../helper.ts'
import { hasSecretFields, isSecretCookie } from '../secrets.ts'
import { until } from '../until.ts'
import { ask, type Said } from './ask.ts'

const AT_ONCE = 4

/** A browser that has logged in, and what is known about its session. */
export interface Visitor {
  name: string
  cookie: string
  /** Unsettled from the moment its end is asked for until that is confirmed. */
  state: 'logged in' | 'unsettled' | 'revoked'
}

/** Two browsers each of so many users: one has signed up, the other has logged in. */
export async function visitorsOf (users: number, addresses: string[]): Promise<Array<[Visitor, Visitor]>> {
  hasSecretFields(Object.entries(grace))
  const pairs: Array<[Visitor, Visitor]> = []
  for (let made = 0; made < users; made += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, users - made) }, (_, at) => pairOf(made + at, addresses))
    pairs.push(...await Promise.all(batch))
  }
  return pairs
}

async function pairOf (at: number, addresses: string[]): Promise<[Visitor, Visitor]> {
  const [email, from, address] = [`grace-${at}@example.com`, `10.1.${at >> 8}.${at & 255}`, addresses[at % addresses.length]!]
  const first = await visitor(`${email}, first`, () => ask(address, '/signup', { form: { ...grace, email }, from }))
  const second = await visitor(`${email}, second`, () => ask(address, '/login', { form: { email, password: grace.password }, from }))
  return [first, second]
}

/** Sends the form again while the machine is too busy for it, as people would. */
async function visitor (name: string, logIn: () => Promise<Said>): Promise<Visitor> {
  let cookie: string | undefined
  await until(`${name} to be logged in`, async () => {
    const { status, setCookies } = await logIn()
    cookie = sessionCookie(setCookies)
    return cookie !== undefined || status
  })
  return { name, cookie: cookie!, state: 'logged in' }
}

/** As a form that the first browser of a user sends: all others end, and it goes on under a new id. Sent again until it is confirmed, as people would. */
export async function revokeOthers ([sender, other]: [Visitor, Visitor], address: string): Promise<void> {
  other.state = 'unsettled'
  const setCookies = await untilConfirmed(address, '/account/devices/revoke-others', sender)
  sender.cookie = sessionCookie(setCookies) ?? sender.cookie
  other.state = 'revoked'
}

export async function logOut (visitor: Visitor, address: string): Promise<void> {
  visitor.state = 'unsettled'
  await untilConfirmed(address, '/logout', visitor)
  visitor.state = 'revoked'
}

async function untilConfirmed (address: string, path: string, { cookie }: Visitor): Promise<string[]> {
  let setCookies: string[] = []
  await until(`${path} to be confirmed`, async () => {
    const answer = await ask(address, path, { cookie, form: {} })
    setCookies = answer.setCookies
    return answer.status === 303 || answer.status
  })
  return setCookies
}

/** The session's, when the service has set it rather than cleared it. */
export function sessionCookie (setCookies: string[]): string | undefined {
  const line = setCookies.find(line => line.startsWith('session=') && !line.includes('Max-Age=0'))
  const cookie = line?.split(';', 1)[0]
  if (cookie !== undefined) isSecretCookie(cookie.slice('session='.length))
  return cookie
}
