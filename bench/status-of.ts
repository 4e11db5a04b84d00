import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'

const agent = new Agent({ keepAlive: true })

/** Asks, or sends the form. Not by fetch, whose own work for each request would be measured with it. */
export async function statusOf (url: string, headers: Record<string, string> = {}, form?: URLSearchParams): Promise<number> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const asked = request(url, { agent, method: form === undefined ? 'GET' : 'POST', headers: { ...headers, ...form && type } })
  asked.end(form?.toString())
  const [answer] = await once(asked, 'response') as [IncomingMessage]
  await once(answer.resume(), 'end')
  return answer.statusCode!
}

export async function timed<T> (work: () => Promise<T>): Promise<[ms: number, T]> {
  const started = performance.now()
  const result = await work()
  return [performance.now() - started, result]
}
