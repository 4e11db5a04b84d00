import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ask, cookieLine, fromOurPages, fromSomewhere, keepCookies, signUp, type Answer } from './account.ts'

/*
 * What a tool cannot be told: to come from our pages, to keep its cookies, to log in again after it pressed every
 * button, to wait out a throttle. So it asks through here, as through a proxy, which also counts.
 */

export interface Gate {
  url: string
  answers: Map<number, number>
  /** What no request may bring about. */
  faults: Set<string>
  close (): Promise<void>
}

interface Guest {
  /** It is somebody who is logged in; when that ends, or is throttled, it is somebody new. */
  member: boolean
  /** What becomes of the forms it sends. */
  rewrite? (form: string): string
}

const PER_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']

export async function openGate (port: number, { member, rewrite = form => form }: Guest): Promise<Gate> {
  const answers = new Map<number, number>()
  const faults = new Set<string>()
  let account = member ? await signUp(port) : null

  async function pass (incoming: IncomingMessage): Promise<Answer> {
    const form = rewrite(await text(incoming))
    const answer = await send(incoming, form)
    if (account === null || !isShutOut(answer)) return answer
    account = await signUp(port)
    return await send(incoming, form)
  }

  async function send ({ method, url, headers }: IncomingMessage, form: string): Promise<Answer> {
    const cookie = account === null ? {} : { cookie: cookieLine(account) }
    const answer = await ask(port, { method, path: url, headers: { ...fromSomewhere(), ...without(headers), ...fromOurPages, ...cookie } }, form)
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
    if (isFault(answer)) faults.add(`${method} ${url} was answered with ${answer.status}`)
    if (account !== null) keepCookies(account, answer.headers)
    return answer
  }

  async function handle (incoming: IncomingMessage, outgoing: ServerResponse) {
    try {
      const { status, headers, body } = await pass(incoming)
      outgoing.writeHead(status, { ...without(headers), 'content-length': body.length }).end(body)
    } catch (error) {
      faults.add(`${incoming.method} ${incoming.url} was not answered: ${String(error)}`)
      outgoing.writeHead(502).end()
    }
  }

  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  async function close () {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answers, faults, close }
}

// One 403, and the tool has reached nothing: it comes from our pages.
function isFault ({ status }: Answer): boolean {
  return status >= 500 || status === 403
}

function isShutOut ({ status, headers }: Answer): boolean {
  return status === 429 || (status === 303 && headers.location!.startsWith('/login'))
}

function without (headers: Answer['headers']): Answer['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PER_CONNECTION.includes(name)))
}
