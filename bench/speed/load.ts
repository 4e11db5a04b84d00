import autocannon from 'autocannon'
import { cpuTimeOf } from '../cpu-time.ts'
import type { Server } from './servers.ts'

export const CONNECTIONS = 64

/** One kind of request to one server. */
export interface Target {
  server: Server
  path: string
  headers: Record<string, string>
}

/** What a request cost, in the best round. */
export interface Cost {
  /** Microseconds of the server's processor time, user and system. */
  cpuMicroseconds: number
  requestsPerSecond: number
}

type Amount = { duration: number, overallRate?: number } | { amount: number }

/**
 * What each target costs: every round gives each of them its turn, so that what else the machine does meets all of them,
 * and the least of all rounds counts, as nothing makes a request cheaper than it is.
 */
export async function costsOf<Name extends string> (targets: Record<Name, Target>, { rounds, seconds }: { rounds: number, seconds: number }): Promise<Record<Name, Cost>> {
  const names = Object.keys(targets) as Name[]
  for (const name of names) await load(targets[name], { duration: seconds })
  const costs = new Map<Name, Cost>()
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}`)
    for (const name of names) costs.set(name, cheaper(await costOf(targets[name], seconds), costs.get(name)))
  }
  return Object.fromEntries(costs) as Record<Name, Cost>
}

async function costOf (target: Target, seconds: number): Promise<Cost> {
  const before = cpuTimeOf(target.server.pid)
  const { requests } = await load(target, { duration: seconds })
  return { cpuMicroseconds: (cpuTimeOf(target.server.pid) - before) / requests.total, requestsPerSecond: requests.average }
}

function cheaper (cost: Cost, known = cost): Cost {
  return {
    cpuMicroseconds: Math.min(cost.cpuMicroseconds, known.cpuMicroseconds),
    requestsPerSecond: Math.max(cost.requestsPerSecond, known.requestsPerSecond)
  }
}

/** Loads the target, each connection with a session of its own. @throws when an answer is not 2xx */
export async function load ({ server, path, headers }: Target, amount: Amount) {
  const url = `${server.origin}${path}`
  let connection = 0
  const setupClient = (client: autocannon.Client) => {
    client.setHeaders({ ...headers, cookie: server.cookies[connection++ % server.cookies.length] ?? '' })
  }
  const result = await autocannon({ url, headers, ...amount, connections: CONNECTIONS, setupClient })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} answers other than 2xx, ${result.errors} errors`)
  return result
}
