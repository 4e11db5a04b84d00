import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** How long running requests may take to end once a stop is asked for; `npm start` gives the whole stop 9.5 seconds. */
const GRACE_MS = 8_000

/** A stop ends although a client keeps a half-sent request open: Node looks for late requests no more once it closes. */
async function stop (app: FastifyInstance): Promise<void> {
  app.addHook('preClose', async () => {
    const timer = setTimeout(app.server.closeAllConnections.bind(app.server), GRACE_MS)
    app.server.once('close', () => clearTimeout(timer))
    timer.unref()
  })
}

export default fp(stop, { name: 'stop' })
