import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Duplex } from 'node:stream'
import { grace } from '../helper.ts'
import { hasSecretFields, isSecretCookie } from '../secrets.ts'

/** Each as it is sent, also twice. */
export type Lines = Array<[name: string, value: string]>

export interface Answer {
  status: number
  location: string | undefined
  body: string
}

interface More {
  method?: string
  lines?: Lines
  body?: string
  /** What stands in the request line, when it is not the path. */
  target?: string
  /** What the header says, when it is not the host that the certificate is asked for. */
  host?: string
}

const accept: [string, string] = ['Accept', 'text/html,*/*;q=0.8']
const aForm: [string, string] = ['Content-Type', 'application/x-www-form-urlencoded']

/** A browser on the other side of the proxy: every host of example.com is there, and gets the cookies that are its. */
export class Visitor {
  readonly cookies = new Map<string, { value: string, domain: string }>()
  private readonly proxy: number
  private readonly agent: Agent

  constructor (proxy: number, agent = new Agent()) {
    this.proxy = proxy
    this.agent = agent
  }

  async get (url: string, lines: Lines = []): Promise<Answer> {
    return await this.send(url, { lines })
  }

  async post (url: string, fields: Record<string, string>): Promise<Answer> {
    hasSecretFields(Object.entries(fields))
    return await this.send(url, { method: 'POST', lines: [accept, aForm, ['Sec-Fetch-Site', 'same-origin']], body: new URLSearchParams(fields).toString() })
  }

  async signUp (login: string, person: Record<string, string> = grace): Promise<Answer> {
    return await this.post(`${login}/signup`, person)
  }

  async logIn (login: string, more: Record<string, string> = {}): Promise<Answer> {
    return await this.post(`${login}/login`, { email: grace.email, password: grace.password, ...more })
  }

  async send (url: string, more: More = {}): Promise<Answer> {
    const asking = this.ask(url, more)
    asking.end(more.body)
    const [answer] = await once(asking, 'response') as [IncomingMessage]
    this.keep(new URL(url).hostname, answer.headers['set-cookie'])
    return { status: answer.statusCode!, location: answer.headers.location, body: await text(answer) }
  }

  /** Asks for a WebSocket. @returns the connection, or the status that it was refused with */
  async upgrade (url: string, lines: Lines = []): Promise<Duplex | number> {
    const handshake: Lines = [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Version', '13'], ['Sec-Fetch-Mode', 'websocket'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']]
    const asking = this.ask(url, { lines: [...handshake, ...lines] })
    asking.end()
    return await Promise.race([
      once(asking, 'upgrade').then(([, socket]) => socket as Duplex),
      once(asking, 'response').then(([answer]) => (answer as IncomingMessage).resume().statusCode!)
    ])
  }

  private ask (url: string, { method = 'GET', lines = [accept], body, target, host = new URL(url).host }: More): ClientRequest {
    const { hostname, origin } = new URL(url)
    const cookie = [...this.cookies].filter(([, { domain }]) => `.${hostname}`.endsWith(`.${domain}`)).map(([name, { value }]) => `${name}=${value}`).join('; ')
    const all: Lines = [['Host', host], ...lines]
    if (cookie !== '') all.push(['Cookie', cookie])
    if (body !== undefined && !lines.some(([name]) => name === 'Transfer-Encoding')) all.push(['Content-Length', String(Buffer.byteLength(body))])
    // As it was written: a URL would be put in order.
    const path = target ?? (url.slice(origin.length) || '/')
    return request({ host: '127.0.0.1', port: this.proxy, servername: hostname, rejectUnauthorized: false, agent: this.agent, method, path, headers: all.flat() })
  }

  private keep (hostname: string, lines: string[] = []): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line)!
      const domain = /; Domain=\.?([^;]+)/i.exec(line)?.[1] ?? hostname
      if (line.includes('Max-Age=0')) this.cookies.delete(name)
      else this.cookies.set(name, { value, domain })
      isSecretCookie(value)
    }
  }
}
