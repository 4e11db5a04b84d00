import { connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Browser } from './helper.ts'

export interface HeldAnswer {
  status: number
  location: string | undefined
  setCookies: string[]
}

/** Sends the rest of a form. */
export type Finish = () => Promise<HeldAnswer>

const NAME = 'x-held-form'
const waiting = new Map<string, () => void>()
let count = 0

/** For the `pages` of a service: tells when it has read session and user of a held form, and waits for its body. */
export const tellsOfHeldForms = fp(async (app: FastifyInstance) => {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    waiting.get(String(request.headers[NAME]))?.()
    done(null, payload)
  })
})

interface HoldOptions {
  socket: Socket
  host?: string
  accept?: string
}

type Cookies = Pick<Browser, 'cookies'>

/** The headers of a form as a browser sends it. `arrived` resolves once the service has them and waits for the body. */
export function headForm ({ cookies }: Cookies, body: string, accept = 'text/html') {
  const name = String(++count)
  const arrived = new Promise<void>(resolve => waiting.set(name, resolve))
  const headers = {
    accept,
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': body.length,
    [NAME]: name
  }
  return { arrived, headers }
}

/** Sends a form as a browser does, all but its last byte, and resolves to what sends that one. */
export function holdForm (browser: Cookies, path: string, fields: Record<string, string>, { socket, host = 'localhost', accept }: HoldOptions) {
  const body = new URLSearchParams(fields).toString()
  const { arrived, headers } = headForm(browser, body, accept)
  const lines = Object.entries({ host, ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body.slice(0, -1)}`)
  return { arrived, finish: () => finish(socket, body.slice(-1)) }
}

/** The same, straight to a service, once it waits for the body. */
export async function heldAt (port: number, browser: Browser, path: string, fields: Record<string, string>, accept?: string): Promise<Finish> {
  const { arrived, finish } = holdForm(browser, path, fields, { socket: connect(port, '127.0.0.1'), ...(accept && { accept }) })
  await arrived
  return finish
}

async function finish (socket: Socket, lastByte: string): Promise<HeldAnswer> {
  let text = ''
  socket.setEncoding('latin1').on('data', piece => { text += piece })
  socket.write(lastByte)
  await new Promise(resolve => socket.on('close', resolve))
  const [statusLine = '', ...lines] = text.split('\r\n\r\n', 1)[0]!.split('\r\n')
  const valuesOf = (name: string) => lines.filter(line => line.toLowerCase().startsWith(`${name}: `)).map(line => line.slice(name.length + 2))
  return { status: Number(statusLine.split(' ')[1]), location: valuesOf('location')[0], setCookies: valuesOf('set-cookie') }
}
