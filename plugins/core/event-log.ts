import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/http/client-address.ts'
import { SessionNotYetValid } from '../../src/errors.ts'
import { firstInAWhile } from '../../src/observability/first-in-a-while.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import type { AccountEventType } from '../../src/users/account-events.ts'

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
    /** Writes that this request failed, and with what; where the clock is the reason, once for all of them. */
    logFailure (code: string, error: Error): void
    hasToldEvent: boolean
  }
}

/** After so long without one, the next session from the future is told of again. */
const WRONG_CLOCK_QUIET_MS = 10 * 60_000
const WRONG_CLOCK = 'sessions from the future are refused: the clock of this machine was set back, or the clock of another machine is ahead'

type LoggedEvent = AccountEventType | 'reauthenticated' | 'account deleted' | 'sign-ups held back' | 'refused'

/** One line of JSON for each event. People and sessions stand in it by id and handle only. */
async function eventLog (app: FastifyInstance): Promise<void> {
  app.decorateRequest('hasToldEvent', false)
  app.decorateRequest('logEvent', logEvent)
  app.decorateRequest('logRefusal', logRefusal)
  app.decorateRequest('logFailure', logFailure)
  const isFirstOfWrongClock = firstInAWhile(WRONG_CLOCK_QUIET_MS)

  function logFailure (this: FastifyRequest, outcome: string, err: Error) {
    app.metrics?.happened('failed', outcome)
    const isWrongClock = err instanceof SessionNotYetValid
    if (isWrongClock && !isFirstOfWrongClock()) return
    this.log.error({ err, event: 'failed', outcome }, isWrongClock ? WRONG_CLOCK : 'request failed')
  }
}

function logEvent (this: FastifyRequest, event: LoggedEvent, outcome: string, about?: { id: string } | null) {
  const user = about === undefined ? this.identity?.account : about
  // Whoever has given the right password may still be refused what comes next.
  if (outcome !== 'success') this.hasToldEvent = true
  this.server.metrics?.happened(event, outcome)
  this.log.info({ event, outcome, address: addressOf(this), user: user?.id, session: handleOfSession(this) }, event)
}

function logRefusal (this: FastifyRequest, code: string) {
  if (!this.hasToldEvent) this.logEvent('refused', code)
}

// A session that is not stored yet is nobody's, and what is read no more after a failure is null.
function handleOfSession ({ session }: FastifyRequest): string | undefined {
  return session?.snapshot === undefined ? undefined : handleOf(session.sessionId)
}

export default fp(eventLog, { name: 'event-log', dependencies: ['metrics'] })
