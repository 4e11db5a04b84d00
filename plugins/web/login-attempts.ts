import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/http/client-address.ts'
import type { AttemptCounter } from '../../src/authentication/flow.ts'
import { TooManyAttempts } from '../../src/errors.ts'
import type { Owner } from '../../src/authentication/limits/known-devices.ts'
import type { CountedAttempt } from '../../src/authentication/limits/login-attempts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of attempts at the account of this email. What it counts is given back when the answer is a 503. */
    attemptCounter (email: string, failure: 'login failed' | 'password refused'): AttemptCounter
    /** The login is complete: the count starts anew, and this browser is a known device of the account from now on. Never fails. */
    resetAttempts (owner: Owner): Promise<void>
    /** What this request has counted and not answered yet. */
    countedAttempt: (Pick<CountedAttempt, 'giveBack'> & Partial<CountedAttempt>) | null
  }
}

/** One count for every place where a password is typed. */
async function loginAttempts (app: FastifyInstance): Promise<void> {
  app.decorateRequest('countedAttempt', null)
  app.decorateRequest('attemptCounter', attemptCounter)
  app.decorateRequest('resetAttempts', resetAttempts)
  app.addHook('onError', giveBack)
}

function attemptCounter (this: FastifyRequest, email: string, failure: 'login failed' | 'password refused'): AttemptCounter {
  const { server: { knownDevices, loginAttempts } } = this
  return {
    consume: async account => {
      const counted = await knownDevices.consume(this.browserOf(account)) ??
        await loginAttempts.consume({ email, userId: account?.id ?? null }, addressOf(this))
      if (counted.wait === 0) this.countedAttempt = counted
      else {
        this.logEvent('throttled', 'TOO_MANY_GUESSES', account)
        throw Object.assign(new TooManyAttempts(), { retryAfter: Math.ceil(counted.wait / 1000) })
      }
    },
    recordFailure: account => {
      this.recordEvent(failure, account)
      // For the user now, and not at each refusal, because a refusal writes nothing.
      if (this.countedAttempt?.isLastFree && account !== null) this.recordForUser('throttled', account)
      this.countedAttempt = null
    }
  }
}

async function resetAttempts (this: FastifyRequest, owner: Owner) {
  await this.countedAttempt?.succeed?.().catch(err => this.log.warn({ err }, 'failed attempts were not reset'))
  this.countedAttempt = null
  await this.rememberDeviceFor(owner)
}

// A 503 says nothing about the password: it was not checked, or it was right and the login could not be completed.
async function giveBack (request: FastifyRequest, _reply: FastifyReply, { statusCode }: FastifyError) {
  if (statusCode !== 503) return
  await request.countedAttempt?.giveBack().catch(err => request.log.warn({ err }, 'an attempt that was not checked counts'))
}

export default fp(loginAttempts, { name: 'login-attempts', dependencies: ['known-device', 'record-event', 'throttle'] })
