import { setImmediate as nextTurn, setTimeout as after } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    stop: { isAsked: boolean }
  }
}

/** How long running requests may take to end once a stop is asked for; `npm start` gives the whole stop 9.5 seconds. */
const GRACE_MS = 8_000

/** In a turn of the event loop that takes no longer, nothing waited to be accepted. */
const QUIET_TURN_MS = 0.05
/** The longer none comes, the longer it may take: twice as long after each quarter of a second, so it ends. */
const PATIENCE_MS = 250

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
    if (!app.server.listening) return
    await after(drainMs)
    await quietTurn()
  })
}

/**
 * Closing resets the connections that the kernel has opened and Node has not accepted yet. A proxy that has sent a form on
 * one of them cannot send it again, and answers 502; one that is refused a connection asks the next process.
 */
async function quietTurn (): Promise<void> {
  const begun = performance.now()
  let [turn, now] = [begun, begun]
  do {
    turn = now
    await nextTurn()
    now = performance.now()
  } while (now - turn > QUIET_TURN_MS * 2 ** ((now - begun) / PATIENCE_MS))
}

export default fp(stop, { name: 'stop' })
