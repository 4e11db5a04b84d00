import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { instrument } from './instrument.ts'

/** What an operator's Prometheus is told. The labels take few values, none that a stranger chooses. */
export interface Metrics {
  /** In Prometheus' text format. */
  text (): Promise<string>
  readonly contentType: string
  answered (request: { method: string, route: string, code: number }, seconds: number): void
  happened (event: string, outcome: string): void
  /** The same store, with its latencies and errors counted. */
  ofStore<Store extends object> (name: string, store: Store): Store
  /** The state of a connection, checked at each reading. @param check rejects or resolves to false while it is down */
  connection (name: string, check: () => unknown): void
  /** A number that is asked for at each reading. */
  gauge (name: string, help: string, read: () => number | Promise<number>): void
  /** A number that only grows, likewise. */
  counter (name: string, help: string, read: () => number): void
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export function openMetrics (): Metrics {
  const registers = [new Registry()]
  const [register] = registers as [Registry]
  // The event loop's delay is among them.
  collectDefaultMetrics({ register })
  const requests = new Histogram({ registers, name: 'http_request_duration_seconds', help: 'Answered requests', labelNames: ['method', 'route', 'code'], buckets: SECONDS })
  const events = new Counter({ registers, name: 'latchkey_events_total', help: 'What the log tells: logins, refusals, failures', labelNames: ['event', 'outcome'] })
  const calls = new Histogram({ registers, name: 'latchkey_store_duration_seconds', help: 'Answered calls of a store', labelNames: ['store', 'operation'], buckets: SECONDS })
  const failures = new Counter({ registers, name: 'latchkey_store_errors_total', help: 'Failed calls of a store', labelNames: ['store', 'operation'] })
  const connections = connectionStates(registers)

  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    answered: ({ method, route, code }, seconds) => requests.observe({ method, route, code }, seconds),
    happened: (event, outcome) => events.inc({ event, outcome }),
    ofStore: (store, inner) => instrument(inner, (operation, seconds, failed) => {
      calls.observe({ store, operation }, seconds)
      if (failed) failures.inc({ store, operation })
    }),
    connection: (name, check) => { connections.set(name, check) },
    gauge (name, help, read) {
      return new Gauge({ registers, name, help, async collect () { this.set(await read()) } })
    },
    counter (name, help, read) {
      return new Counter({ registers, name, help, collect () { this.reset(); this.inc(read()) } })
    }
  }
}

/** @returns the checks, by the name of the connection */
function connectionStates (registers: Registry[]): Map<string, () => unknown> {
  const checks = new Map<string, () => unknown>()
  const up = new Gauge({
    registers,
    name: 'latchkey_connection_up',
    help: 'Connections to the stores: 1 while one answers, else 0',
    labelNames: ['connection'],
    async collect () { await Promise.all([...checks].map(async ([connection, check]) => up.set({ connection }, await isUp(check) ? 1 : 0))) }
  })
  return checks
}

async function isUp (check: () => unknown): Promise<boolean> {
  try {
    return await check() !== false
  } catch {
    return false
  }
}
