import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { firstInAWhile } from '../../src/observability/first-in-a-while.ts'

/** Each takes memory, also while it says nothing. Proxies use far fewer, one for each request under way. */
const CONNECTIONS_MAX = 4_096

const QUIET_MS = 10 * 60_000

/** Bounds what idle connections take. One more is closed as soon as it is opened. */
async function connectionLimit (app: FastifyInstance): Promise<void> {
  app.server.maxConnections = CONNECTIONS_MAX
  const isFirst = firstInAWhile(QUIET_MS)
  app.server.on('drop', () => {
    app.metrics?.happened('refused', 'TOO_MANY_CONNECTIONS')
    if (isFirst()) app.log.warn({ connections: app.server.maxConnections }, 'more connections than allowed, the next are closed')
  })
}

export default fp(connectionLimit, { name: 'connection-limit', dependencies: ['metrics'] })
