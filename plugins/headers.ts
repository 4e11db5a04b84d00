import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { securityHeaders } from '../src/security-headers.ts'

/** With every answer, whoever gives it. What an answer says of itself stays. */
async function headers (app: FastifyInstance): Promise<void> {
  const everywhere = Object.entries(securityHeaders(app.config))
  app.addHook('onSend', (_request, reply, _payload, done) => {
    for (const [name, value] of everywhere) if (!reply.hasHeader(name)) reply.header(name, value)
    done()
  })
  // Node would refuse an expectation it does not know by itself, without them. Ignoring it is allowed (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', app.routing)
}

export default fp(headers, { name: 'headers' })
