import { connect } from 'node:tls'
import { heard, type Heard } from '../wire.ts'

/** From the same server, one after the other: what came back for each request is in `text`. */
export interface Said extends Heard {
  /** Everything that came back, until the connection was closed or nothing came any more. */
  text: string
}

const QUIET_MS = 400
const GIVE_UP_MS = 5_000

/**
 * Sends these bytes to a proxy over TLS, as no client library would.
 * @param host whose certificate is asked for
 * @param more what to send once an answer has begun
 */
export function sendRaw (port: number, host: string, bytes: string, more = ''): Promise<Said> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false }, () => socket.write(Buffer.from(bytes, 'latin1')))
    let [text, rest] = ['', more]
    const end = () => { socket.destroy(); resolve(heard(text)) }
    socket.setEncoding('latin1').on('error', () => {}).on('close', end).setTimeout(GIVE_UP_MS, end)
    socket.on('data', piece => {
      text += piece
      // A tunnel stays open, and says nothing.
      socket.setTimeout(QUIET_MS)
      if (rest !== '') socket.write(Buffer.from(rest, 'latin1'))
      rest = ''
    })
  })
}

/** A GET of these lines, on a connection that ends after it. */
export function rawGet (target: string, lines: string[]): string {
  return [`GET ${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n')
}
