import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../src/address.ts'
import { handleOf } from '../src/sessions/session-handle.ts'
import type { AccountEventType } from '../src/users/account-events.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Writes a line of the log about what matters for security (OWASP ASVS 5.0, 16.3).
     * @param outcome `success`, or the code of the error that it was refused or failed with
     * @param user whom it is about, when that is not who is logged in
     */
    logEvent (event: LoggedEvent, outcome: string, user?: { id: string } | null): void
    /** Writes that this request was refused, unless a line of its own has told it already. */
    logRefusal (code: string): void
    /** Writes that this request failed, and with what. */
    logFailure (code: string, error: Error): void
    hasToldEvent: boolean
  }
}

type LoggedEvent = AccountEventType | 'account deleted' | 'sign-ups held back' | 'refused'

/** One line of JSON for each event. People and sessions stand in it by id and handle only. */
async function eventLog (app: FastifyInstance): Promise<void> {
  app.decorateRequest('hasToldEvent', false)
  app.decorateRequest('logEvent', logEvent)
  app.decorateRequest('logRefusal', logRefusal)
  app.decorateRequest('logFailure', logFailure)
}

function logEvent (this: FastifyRequest, event: LoggedEvent, outcome: string, user: { id: string } | null = this.currentUser) {
  this.hasToldEvent = true
  this.server.metrics?.happened(event, outcome)
  this.log.info({ event, outcome, address: addressOf(this), user: user?.id, session: handleOfSession(this) }, event)
}

function logRefusal (this: FastifyRequest, code: string) {
  if (!this.hasToldEvent) this.logEvent('refused', code)
}

function logFailure (this: FastifyRequest, outcome: string, err: Error) {
  this.server.metrics?.happened('failed', outcome)
  this.log.error({ err, event: 'failed', outcome }, 'request failed')
}

// A session that is not stored yet is nobody's, and what is read no more after a failure is null.
function handleOfSession ({ session }: FastifyRequest): string | undefined {
  return session?.asStored === undefined ? undefined : handleOf(session.sessionId)
}

export default fp(eventLog, { name: 'event-log', dependencies: ['metrics'] })
