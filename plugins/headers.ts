import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { securityHeaders } from '../src/security-headers.ts'

/** Before anything else can answer. */
async function headers (app: FastifyInstance): Promise<void> {
  const everywhere = securityHeaders(app.config)
  app.addHook('onRequest', async (_request, reply) => { reply.headers(everywhere) })
  // Node would refuse an expectation it does not know by itself, without them. Ignoring it is allowed (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', app.routing)
}

export default fp(headers, { name: 'headers' })
