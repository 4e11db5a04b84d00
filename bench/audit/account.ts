import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { isSecret, isSecretCookie } from '../../test/secrets.ts'

/** One for all accounts of a run. */
export const PASSWORD = randomBytes(18).toString('base64url')
isSecret(PASSWORD)

export interface Account {
  email: string
  /** What a browser would send, by name; kept up to date with what the service sets. */
  cookies: Map<string, string>
}

/** Somebody new, with a session that has just begun. */
export async function signUp (port: number): Promise<Account> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const form = new URLSearchParams({ first_name: 'Ada', last_name: 'Byron', email, password: PASSWORD })
  const headers = { ...fromOurPages, ...fromSomewhere(), 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await ask(port, { method: 'POST', path: '/signup', headers }, String(form))
  if (answer.status !== 303) throw new Error(`nobody can sign up: ${answer.status}`)
  const account = { email, cookies: new Map<string, string>() }
  keepCookies(account, answer.headers)
  return account
}

/** Keeps the cookies of an answer as a browser does. None of them may stand in a log. */
export function keepCookies ({ cookies }: Account, headers: IncomingHttpHeaders): void {
  for (const line of headers['set-cookie'] ?? []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
    cookies.set(name!, value!)
    isSecretCookie(value!)
  }
}

export function cookieLine ({ cookies }: Account): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** What a browser tells of a form on one of our pages. */
export const fromOurPages = { 'sec-fetch-site': 'same-origin', accept: 'text/html' }

/** Each request comes from an address of its own (RFC 2544), so that what is counted by address lets it pass. */
export function fromSomewhere () {
  return { 'x-forwarded-for': `198.18.${randomInt(256)}.${randomInt(1, 255)}` }
}

export interface Answer { status: number, headers: IncomingHttpHeaders, body: Buffer }

/** Asks the service, on loopback. */
export async function ask (port: number, { headers, ...line }: RequestOptions, form = ''): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, timeout: 15_000, ...line, headers: { ...headers, 'content-length': Buffer.byteLength(form) } })
  sent.on('timeout', () => sent.destroy(new Error('no answer within 15 seconds'))).end(form)
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) }
}
