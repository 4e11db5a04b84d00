import { connect, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface Wire {
  /**
   * Sends these bytes over a connection of their own, and resolves to all that came back until it was closed.
   * @param giveUpMs after which the client hangs up, as half of a request waits for its rest
   */
  say (bytes: string | Buffer, giveUpMs?: number): Promise<Heard>
  port: number
}

export interface Heard {
  /** As it stood on the wire. */
  text: string
  /** 0 when nothing was answered. */
  status: number
  /** By lower-case name; what came twice is there twice, with a line end between. */
  headers: Record<string, string>
  body: string
}

/** For what no client library sends: the bytes as they are written here. */
export async function openWire (app: FastifyInstance): Promise<Wire> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const say = (bytes: string | Buffer, giveUpMs = 5_000) => new Promise<Heard>(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes))
    socket.setTimeout(giveUpMs, () => socket.end())
    let text = ''
    socket.setEncoding('latin1').on('data', piece => { text += piece }).on('error', () => {}).on('close', () => resolve(heard(text)))
  })
  return { say, port }
}

/** An answer, or the first of several, as it came. */
export function heard (text: string): Heard {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [name, value] = [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]
    headers[name] = name in headers ? `${headers[name]}\n${value}` : value
  }
  return { text, status: Number(statusLine.split(' ')[1] ?? 0), headers, body: text.slice(end + 4) }
}
