import type { FastifyRequest } from 'fastify'
import { addressOf } from '../address.ts'
import { deviceLabel } from './device-label.ts'
import type { Client } from './session.ts'

/** Where a request comes from, as sessions and events keep it. What the browser said of itself is not kept. */
export function clientOf (request: FastifyRequest): Client {
  return { address: addressOf(request), device: deviceLabel(request.headers['user-agent']) }
}
