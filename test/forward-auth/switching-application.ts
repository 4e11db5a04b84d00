import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { Application } from './application.ts'

export interface SwitchingApplication extends Application {
  /** Every byte that came through to it. */
  heard: string[]
  /** What it says that it switches to; null for what the request named. */
  switchesTo: string | null
}

/** Answers 101 to everything, also to what did not ask for it, and then just listens. */
export async function startSwitchingApplication (t: Test): Promise<SwitchingApplication> {
  const application: SwitchingApplication = { port: 0, got: [], heard: [], switchesTo: null }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.setEncoding('latin1').on('error', () => {}).on('data', (piece: string) => {
      application.heard.push(piece)
      const named = application.switchesTo ?? /^upgrade: *(.*)\r$/im.exec(piece)?.[1]
      socket.write(['HTTP/1.1 101 Switching Protocols', ...(named === undefined ? [] : [`Upgrade: ${named}`]), 'Connection: Upgrade', '', ''].join('\r\n'))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  application.port = (server.address() as AddressInfo).port
  t.teardown(() => { server.close(); for (const socket of sockets) socket.destroy() })
  return application
}
