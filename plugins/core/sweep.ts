import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const EVERY_MS = 10 * 60_000

/** Removes expired sessions, old events, counters and devices, where the store doesn't. Expired sessions are refused in any case. */
async function sweep (app: FastifyInstance): Promise<void> {
  const timer = setInterval(sweepAll, EVERY_MS)
  timer.unref()
  app.addHook('onListen', sweepAll)
  app.addHook('onClose', async () => clearInterval(timer))
  let isSweeping = false

  // Many rows take longer than the time until the next turn.
  async function sweepAll () {
    if (isSweeping) return
    isSweeping = true
    await sweepOne('expired sessions', app.sessions)
    await sweepOne('ended sessions', app.sessionCleanup)
    await sweepOne('old account events', app.accountEvents)
    await sweepOne('expired counters', app.rateLimits)
    await sweepOne('expired devices', app.database.devices)
    isSweeping = false
  }

  // Only tidying up: what fails now, or is broken off by a stop, succeeds at the next turn.
  async function sweepOne (what: string, store: { sweep (): Promise<unknown> }) {
    await store.sweep().catch(err => { if (!app.stop.isAsked) app.log.warn({ err }, `${what} were not removed`) })
  }
}

export default fp(sweep, { name: 'sweep', dependencies: ['database', 'sessions', 'account-events', 'throttle', 'stop'] })
