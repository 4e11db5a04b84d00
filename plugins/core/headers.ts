import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { securityHeaders } from '../../src/http/security-headers.ts'

/** On every response, Node's own included. A route may override Cache-Control. */
async function headers (app: FastifyInstance): Promise<void> {
  const { 'cache-control': unlessItSays, ...everywhere } = securityHeaders(app.config)
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.headers(everywhere)
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', unlessItSays)
    done()
  })
  // Node would drop every header after about 2,000 without a word: a second Host, or the X-Forwarded-For of a proxy. Their size is bounded.
  app.server.maxHeadersCount = 0
  // Node would refuse an expectation it does not know by itself, without them. Ignoring it is allowed (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', app.routing)
}

export default fp(headers, { name: 'headers' })
