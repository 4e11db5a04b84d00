import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What happens to the traffic of a connection. */
export type Fault =
  /** Nothing: it passes. */
  | 'none'
  /** Connections stand, and no answer comes back: commands arrive and are carried out. */
  | 'silent'
  /** Connections stand, and nothing arrives: half-open. */
  | 'lost'
  /** Connections break, and new ones break too. */
  | 'cut'

export interface FaultProxy {
  port: number
  url: string
  /** From now on, for open connections and new ones. */
  set (fault: Fault): void
  /** Milliseconds that each answer is held back. */
  delay (ms: number): void
  /** One of the connections gets no answer any more, not even to its end: the first is 1. */
  mute (connection: number): void
  /** How many there were so far. */
  readonly connections: number
}

/** Stands between the service and a server, and fails as networks do. */
export async function startFaultProxy (t: Test, port: number): Promise<FaultProxy> {
  let fault: Fault = 'none'
  let delayMs = 0
  const sockets = new Set<Socket>()
  const muted = new Set<number>()
  let connections = 0

  const server = createServer({ allowHalfOpen: true }, client => {
    if (fault === 'cut') return client.destroy()
    const connection = ++connections
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => { client.destroy(); upstream.destroy(); sockets.delete(socket) })
    }
    client.on('end', () => { if (!muted.has(connection)) client.end() })
    client.on('data', piece => { if (fault !== 'lost') upstream.write(piece) })
    upstream.on('data', piece => {
      if (fault === 'none' && !muted.has(connection)) setTimeout(() => { if (!client.destroyed) client.write(piece) }, delayMs)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); sockets.forEach(socket => socket.destroy()) })

  const { port: ownPort } = server.address() as AddressInfo
  return {
    port: ownPort,
    url: `redis://127.0.0.1:${ownPort}`,
    set (next) {
      fault = next
      if (fault === 'cut') sockets.forEach(socket => socket.destroy())
    },
    delay (ms) { delayMs = ms },
    mute (connection) { muted.add(connection) },
    get connections () { return connections }
  }
}
