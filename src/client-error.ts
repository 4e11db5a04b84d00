import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

type Refusal = [statusCode: number, code: string, message: string]

const unreadable: Refusal = [400, 'REQUEST_UNREADABLE', 'What arrived is not HTTP as we know it.']
const refusals: Record<string, Refusal> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'The headers are too large. Deleting the cookies of this site may help.']
}

/** Answers what is not yet a request, so that no route, page or hook can: in the form and with the headers of the others. */
export function answerClientError (error: Error & { code?: string }, socket: Socket): void {
  // Whoever is gone hears nothing.
  if (!socket.writable) return
  socket.end(answerTo(refusals[String(error.code)] ?? unreadable), () => socket.destroy())
}

function answerTo ([statusCode, code, message]: Refusal): string {
  const body = JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
  return [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options: nosniff',
    'Referrer-Policy: same-origin',
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body
  ].join('\r\n')
}
