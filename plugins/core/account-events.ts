import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { AccountEvents } from '../../src/users/account-events.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accountEvents: AccountEvents
  }
}

/** What happened lately in each account. */
async function accountEvents (app: FastifyInstance): Promise<void> {
  const { accountEvents: events } = app.database
  app.decorate('accountEvents', events)
  // Closing goes backwards: this runs before the database closes, which was opened earlier.
  app.addHook('onClose', () => events.close())
  const help = 'Account events that were dropped, because the database could not write them'
  app.metrics?.counter('latchkey_account_events_dropped_total', help, events.dropped)
}

export default fp(accountEvents, { name: 'account-events', dependencies: ['database', 'metrics'] })
