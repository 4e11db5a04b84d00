import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { addressOf } from './client-address.ts'

type Refusal = [statusCode: number, code: string, message: string]

const unreadable: Refusal = [400, 'REQUEST_UNREADABLE', 'What arrived is not HTTP as we know it.']
const refusals: Record<string, Refusal> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'The headers are too large. Deleting the cookies of this site may help.']
}

/**
 * Answers what is not yet a request, so that no route, page or hook can: in the form of the others.
 * @param headers of every answer
 */
export function clientErrorAnswer (headers: Record<string, string>) {
  return function answerClientError (this: Pick<FastifyInstance, 'log' | 'metrics'>, error: Error & { code?: string }, socket: Socket): void {
    // Whoever is gone hears nothing.
    if (!socket.writable) return
    const refusal = refusals[String(error.code)] ?? unreadable
    const [,outcome] = refusal
    this.metrics?.happened('refused', outcome)
    this.log.info({ event: 'refused', outcome, address: addressOf({ ip: socket.remoteAddress! }) }, 'refused')
    socket.end(answerTo(refusal, headers), () => socket.destroy())
  }
}

function answerTo ([statusCode, code, message]: Refusal, headers: Record<string, string>): string {
  const body = JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
  const all = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), ...headers, connection: 'close' }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, '', body].join('\r\n')
}
