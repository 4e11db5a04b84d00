import { setTimeout as after } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    stop: { isAsked: boolean }
  }
}

/** How long running requests may take to end once a stop is asked for; `npm start` gives the whole stop 9.5 seconds. */
const GRACE_MS = 8_000

interface StopOptions {
  /** How long it still answers, for load balancers to see that it is no longer ready. */
  drainMs?: number
}

/** A stop is announced, then ends, also when a client keeps a half-sent request open: closing, Node looks for late ones no more. */
async function stop (app: FastifyInstance, { drainMs = 1_000 }: StopOptions): Promise<void> {
  app.decorate('stop', { isAsked: false })
  app.addHook('preClose', async () => {
    app.stop.isAsked = true
    const timer = setTimeout(app.server.closeAllConnections.bind(app.server), GRACE_MS)
    app.server.once('close', () => clearTimeout(timer))
    timer.unref()
    if (app.server.listening) await after(drainMs)
  })
}

export default fp(stop, { name: 'stop' })
