import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RENEW_AFTER_MS } from '../../src/sessions/identify.ts'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends this request's session in the store, and has its cookie cleared. @throws SESSIONS_UNAVAILABLE; then nothing ended */
    endSession (): Promise<void>
    /** The session is gone from the store, or opens nothing, as its user is gone: has its cookie cleared. */
    forgetSession (): void
    /** The session cookie that the browser holds, as it sent it. */
    sentCookie: string | undefined
    /** It opens nothing. */
    hasDeadCookie: boolean
  }
  interface Session {
    /** "Keep me logged in". */
    remembered?: true
  }
}

/** How a session goes on: renewed by use, signed anew when the secret changes, untouched by what fails. */
async function sessionLife (app: FastifyInstance): Promise<void> {
  const { config, now } = app
  const { name } = sessionCookie(config)

  app.decorateRequest('sentCookie', undefined)
  app.decorateRequest('hasDeadCookie', false)
  app.decorateRequest('endSession', endSession)
  app.decorateRequest('forgetSession', forgetSession)
  app.addHook('onRequest', resume)
  app.addHook('onError', saveNothing)

  function resume (request: FastifyRequest, _reply: FastifyReply, done: () => void) {
    request.sentCookie = request.cookies[name]
    if (request.sentCookie !== undefined) useOrClear(request)
    done()
  }

  function useOrClear (request: FastifyRequest) {
    // @fastify/session would clear a dead cookie without `Secure`, which browsers ignore for a `__Host-` name.
    request.cookies[name] = undefined
    request.hasDeadCookie = request.session.asStored === undefined
    if (!request.hasDeadCookie) renew(request)
  }

  function renew ({ session, sentCookie }: FastifyRequest) {
    const at = now()
    // A cookie that an older secret signed is signed anew, and only a session that is saved sends its cookie.
    const signedByOlderSecret = session.encryptedSessionId !== sentCookie
    if (session.remembered === true) session.cookie.maxAge = session.startedAt! + config.rememberMs - at
    if (signedByOlderSecret || Math.abs(at - session.lastSeenAt!) >= RENEW_AFTER_MS) session.lastSeenAt = at
  }
}

async function endSession (this: FastifyRequest) {
  // Also revokes it in the store. If that fails nothing has ended, and the cookie stays.
  await this.session.regenerate()
  this.hasDeadCookie = true
}

function forgetSession (this: FastifyRequest) {
  Object.assign(this, { session: null })
  this.hasDeadCookie = true
}

// With its error page a failed request would try to save again, and fail again past our pages.
async function saveNothing (request: FastifyRequest) {
  Object.assign(request, { session: null })
}

export default fp(sessionLife, { name: 'session-life', dependencies: ['session'] })
