import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { clientOf } from '../../src/http/client-of.ts'
import type { AccountEventType } from '../../src/users/account-events.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Notes a login or logout, or an attempt at one, for the user and in the log; without one, for who is logged in. Never
     * fails, never waits. What changes the account has its event in the same write instead, and calls `logEvent` after it.
     */
    recordEvent (type: AccountEventType, user?: { id: string } | null): void
    /** The same without a line of the log. */
    recordForUser (type: AccountEventType, user: { id: string }): void
  }
}

/** The outcome codes of events that report a refusal. */
const refusedWith: Partial<Record<AccountEventType, string>> = {
  'login failed': 'LOGIN_FAILED',
  'password refused': 'PASSWORD_WRONG',
  throttled: 'TOO_MANY_GUESSES'
}

async function recordEvent (app: FastifyInstance): Promise<void> {
  app.decorateRequest('recordEvent', recordEvent)
  app.decorateRequest('recordForUser', recordForUser)

  function recordEvent (this: FastifyRequest, type: AccountEventType, user: { id: string } | null = this.identity?.account ?? null) {
    this.logEvent(type, refusedWith[type] ?? 'success', user)
    if (user !== null) this.recordForUser(type, user)
  }

  function recordForUser (this: FastifyRequest, type: AccountEventType, { id: userId }: { id: string }) {
    app.accountEvents.record({ userId, type, ...clientOf(this) })
  }
}

export default fp(recordEvent, { name: 'record-event', dependencies: ['load-identity', 'account-events', 'event-log'] })
