import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends this request's session in the store, and has its cookie cleared. @throws SESSIONS_UNAVAILABLE; then nothing ended */
    endSession (): Promise<void>
  }
  interface Session {
    /** "Keep me logged in". */
    remembered?: true
  }
}

const RENEW_AFTER_MS = 60_000

/** How a session goes on: renewed by use, its cookie signed anew when the secret changes and cleared when it is dead. */
async function sessionLife (app: FastifyInstance): Promise<void> {
  const { config, now, sessions } = app
  const { name, attributes } = sessionCookie(config)

  app.decorateRequest('endSession', endSession)
  app.addHook('onRequest', resume)
  app.addHook('onSend', clearDeadCookie)

  async function resume (request: FastifyRequest) {
    const sent = request.cookies[name]
    if (sent === undefined) return
    // @fastify/session would clear a dead cookie without `Secure`, which browsers ignore for a `__Host-` name.
    request.cookies[name] = undefined
    request.hasDeadCookie = request.session.asStored === undefined
    if (!request.hasDeadCookie) renew(request, sent)
  }

  function renew ({ session }: FastifyRequest, sent: string) {
    const at = now()
    if (session.remembered === true) session.cookie.maxAge = session.startedAt! + config.rememberMs - at
    // A cookie that an older secret signed is signed anew, and only a session that is saved sends its cookie.
    const signedByOlderSecret = session.encryptedSessionId !== sent
    if (signedByOlderSecret || Math.abs(at - session.lastSeenAt!) >= RENEW_AFTER_MS) session.lastSeenAt = at
  }

  async function endSession (this: FastifyRequest) {
    // First in the store: if that fails nothing has happened, and the cookie stays.
    await sessions.revoke(handleOf(this.session.sessionId))
    await this.session.regenerate()
    this.hasDeadCookie = true
  }

  async function clearDeadCookie (request: FastifyRequest, reply: FastifyReply, payload: unknown) {
    if (request.hasDeadCookie && request.session.asStored === undefined) reply.clearCookie(name, attributes)
    return payload
  }
}

export default fp(sessionLife, { name: 'session-life', dependencies: ['session'] })
