import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

/** What an application that knows nothing of logins got. */
export interface Got {
  method: string
  path: string
  /** As they came: name, value, name, value. */
  rawHeaders: string[]
  body: string
}

export interface Application {
  port: number
  /** Every request that came through to it. */
  got: Got[]
}

/** Answers what it got. Whoever asks for an upgrade hears their own words. */
export async function startApplication (t: Test): Promise<Application> {
  const got: Got[] = []
  const server = createServer((request, response) => {
    buffer(request).then(body => {
      got.push(record(request, body))
      response.writeHead(request.url!.startsWith('/own-401') ? 401 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(page(got.at(-1)!))
    }, () => response.destroy())
  })
  server.on('upgrade', (request: IncomingMessage, socket) => {
    got.push(record(request, Buffer.alloc(0)))
    // RFC 6455, 4.2.2
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.on('error', () => {}).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return { port: (server.address() as AddressInfo).port, got }
}

function record ({ method, url, rawHeaders }: IncomingMessage, body: Buffer): Got {
  return { method: method!, path: url!, rawHeaders: rawHeaders.map(text => Buffer.from(text, 'latin1').toString()), body: body.toString() }
}

function page (got: Got): string {
  const shown = valuesOf(got, 'remote-name').join().replace(/[&<]/g, '')
  return `<!doctype html><html lang="en"><title>Application</title><h1>${shown === '' ? 'Hello, whoever you are' : `Hello, ${shown}`}</h1>`
}

/** Every value of a header, also under a name that some programs take for the same. */
export function valuesOf ({ rawHeaders }: Got, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase().replaceAll('_', '-') === name)
}
