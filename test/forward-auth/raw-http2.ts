import { connect } from 'node:tls'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SETTINGS = 0x4
const HEADERS = 0x1
const END_STREAM_AND_HEADERS = 0x5
const QUIET_MS = 500

/** Sends these header fields as they are, also twice, in one request over HTTP/2. Resolves once nothing comes back any more. */
export function sendRawHttp2 (port: number, host: string, fields: Array<[name: string, value: string]>): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      socket.write(PREFACE)
      socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)))
      socket.write(frame(HEADERS, END_STREAM_AND_HEADERS, 1, Buffer.concat(fields.map(([name, value]) => literal(name, value)))))
    })
    socket.on('error', () => {}).on('close', () => resolve()).resume().setTimeout(QUIET_MS, () => socket.destroy())
  })
}

/** RFC 9113, 4.1 */
function frame (type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** RFC 7541, 6.2.2: neither indexed nor compressed. */
function literal (name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

function text (value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length > 126) throw new Error('too long for one byte')
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
