import type { FastifyRequest } from 'fastify'
import { addressOf } from './client-address.ts'
import { deviceLabel } from '../identity/device-label.ts'
import type { Client } from '../sessions/session.ts'

/** Where a request comes from, as sessions and events keep it. What the browser said of itself is not kept. */
export function clientOf (request: FastifyRequest): Client {
  return { address: addressOf(request), device: deviceLabel(request.headers['user-agent']) }
}
