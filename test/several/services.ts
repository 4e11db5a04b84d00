import { freePort } from '../free-port.ts'
import { nodeStart, start } from '../started-service.ts'
import type { Teardown } from '../teardown.ts'
import { inTime, until } from '../until.ts'
import { ask } from './ask.ts'

export interface SeveralServices {
  ports: number[]
  addresses: string[]
  kill (at: number): Promise<void>
  /** As an operator or a deployment stops it. @returns its exit code, and how long that took */
  stop (at: number): Promise<{ code: number, ms: number }>
  /** Resolves when it is ready. */
  start (at: number): Promise<void>
}

/** Processes as `npm start` leaves them, built, each at a port of its own, with the same settings. */
export async function startServices (t: Teardown, count: number, settings: Record<string, string>): Promise<SeveralServices> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const addresses = ports.map(port => `http://127.0.0.1:${port}`)
  const running: Array<Awaited<ReturnType<typeof start>>> = []
  const startAt = async (at: number) => {
    const started = start(t, { FASTIFY_ADDRESS: '127.0.0.1', PORT: String(ports[at]), ...settings }, nodeStart)
    running[at] = await inTime(`the service at ${addresses[at]} to listen`, started)
    await until(`the service at ${addresses[at]} to be ready`, async () => await readiness(addresses[at]!) === 200, { everyMs: 20 })
  }
  await Promise.all(ports.map((_port, at) => startAt(at)))
  return {
    ports,
    addresses,
    kill: async at => { await running[at]!.kill() },
    stop: async at => {
      const begun = performance.now()
      const code = await inTime(`the service at ${addresses[at]} to stop`, running[at]!.stop())
      return { code, ms: performance.now() - begun }
    },
    start: startAt
  }
}

async function readiness (address: string): Promise<number> {
  return await ask(address, '/health/ready').then(({ status }) => status, () => 0)
}
