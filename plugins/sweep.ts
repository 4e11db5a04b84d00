import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const EVERY_MS = 10 * 60_000

/** Removes expired sessions, old events, counters and devices now and then, where the store does not do so by itself. Sessions are refused all the same. */
async function sweep (app: FastifyInstance): Promise<void> {
  const timer = setInterval(sweepNow, EVERY_MS)
  timer.unref()
  app.addHook('onListen', sweepNow)
  app.addHook('onClose', async () => clearInterval(timer))

  // Only tidying up: what fails now succeeds at the next turn.
  async function sweepNow () {
    await app.sessions.sweep().catch(err => app.log.warn({ err }, 'expired sessions were not removed'))
    await app.sessionCleanup.sweep().catch(err => app.log.warn({ err }, 'ended sessions were not removed'))
    await app.accountEvents.sweep().catch(err => app.log.warn({ err }, 'old account events were not removed'))
    await app.rateLimits.sweep().catch(err => app.log.warn({ err }, 'expired counters were not removed'))
    await app.database.devices.sweep().catch(err => app.log.warn({ err }, 'expired devices were not removed'))
  }
}

export default fp(sweep, { name: 'sweep', dependencies: ['database', 'sessions', 'account-events', 'throttle'] })
