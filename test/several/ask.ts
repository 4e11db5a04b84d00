import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'

/** Longer than the service takes for anything, and than a proxy waits for it. */
const GIVE_UP_MS = 20_000

// What lies idle is let go before the other side does, so that a reset is never the client's own doing.
const agent = new Agent({ keepAlive: true, timeout: 4_000 })

export interface Said {
  status: number
  location: string | undefined
  setCookies: string[]
}

export interface Asked {
  cookie?: string
  /** Whom a trusted proxy would name. */
  from?: string
  /** Sent as a form of our own pages. */
  form?: Record<string, string>
}

/** Asks as a browser does. Rejects with a `code` when no whole answer comes. */
export async function ask (address: string, path: string, { cookie, from, form }: Asked = {}): Promise<Said> {
  const headers = {
    accept: 'text/html,application/json',
    ...(cookie && { cookie }),
    ...(from && { 'x-forwarded-for': from }),
    ...(form && { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' })
  }
  const signal = AbortSignal.timeout(GIVE_UP_MS)
  const asked = request(`${address}${path}`, { agent, method: form ? 'POST' : 'GET', headers, signal })
  asked.end(form && new URLSearchParams(form).toString())
  const [answer] = await once(asked, 'response', { signal }) as [IncomingMessage]
  await once(answer.resume(), 'end', { signal })
  return { status: answer.statusCode!, location: answer.headers.location, setCookies: answer.headers['set-cookie'] ?? [] }
}
