import autocannon from 'autocannon'

/*
 * A process of its own, so that its work holds up neither the service nor who measures: posts forms until the time is
 * over, and reports how many answers had which status.
 */

export interface Flood {
  url: string
  what: 'a login of an account of its own, each from another /64' | 'a sign-up with two mistakes, all from one address'
  connections: number
  perSecond: number
  seconds: number
}

export type Statuses = Record<string, number>

/** As long a password as is read, made of what the estimator finds most in. */
const costly = '121121221231211211211212'.repeat(40)

const posts = {
  'a login of an account of its own, each from another /64': (turn: number) => ({
    address: `2001:db8:${(turn >> 16).toString(16)}:${(turn & 0xffff).toString(16)}::1`,
    form: { email: `somebody-${turn}@example.com`, password: 'not the password at all' }
  }),
  'a sign-up with two mistakes, all from one address': (turn: number) => ({
    address: '203.0.113.1',
    form: { first_name: '', last_name: 'a1 '.repeat(33), email: `somebody-${turn}@example`, password: costly }
  })
}

process.once('message', async ({ url, what, connections, perSecond, seconds }: Flood) => {
  let turn = 0
  const setupRequest = (request: autocannon.Request) => {
    const { address, form } = posts[what](turn++)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', accept: 'text/html', 'x-forwarded-for': address }
    return { ...request, method: 'POST' as const, headers, body: new URLSearchParams(form).toString() }
  }
  const { statusCodeStats } = await autocannon({ url, connections, overallRate: perSecond, duration: seconds, requests: [{ setupRequest }] })
  const statuses: Statuses = Object.fromEntries(Object.entries(statusCodeStats!).map(([status, { count }]) => [status, count!]))
  process.send!(statuses, () => process.disconnect())
})
