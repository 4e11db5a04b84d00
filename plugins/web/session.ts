import cookie from '@fastify/cookie'
import session from '@fastify/session'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { fastifySessionAdapter } from '../../src/sessions/fastify-session-adapter.ts'
import { decodeValue, cookieValues } from '../../src/sessions/session-cookie-parser.ts'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { SessionState } from '../../src/sessions/session-state.ts'

declare module 'fastify' {
  interface FastifyRequest {
    sessionState: SessionState
    /** Of this request's session. */
    readonly sessionHandle: string
  }
}

/** `request.session`: read from the store once per request, written when something changed. */
async function sessionOfRequest (app: FastifyInstance): Promise<void> {
  const { config, now, sessions, signer } = app
  const { name, attributes } = sessionCookie(config)
  const store = fastifySessionAdapter({ store: sessions, limits: config, now })
  const idGenerator = (request?: FastifyRequest) => request!.sessionState.takeNextId()

  app.decorateRequest('sessionState')
  app.decorateRequest('sessionHandle', { getter (this: FastifyRequest) { return handleOf(this.session.sessionId) } })
  await app.register(cookie)
  app.addHook('onRequest', readCookie)
  const cookieOptions = { cookieName: name, cookie: attributes, saveUninitialized: false, rolling: false }
  await app.register(session, { store, secret: signer, idGenerator, ...cookieOptions })
  app.addHook('onRequest', noticeDeadCookie)
  app.addHook('onError', saveNothing)

  // @fastify/cookie takes the first of two, and accepts a name followed by a space. A sibling host can plant a second cookie
  // of the same name, and the order in which they arrive doesn't say which one is ours (RFC 6265, 5.4). Neither is believed.
  function readCookie (request: FastifyRequest, _reply: FastifyReply, done: () => void) {
    const [sent, ...others] = cookieValues(request.headers.cookie, name)
    const isUsable = sent !== undefined && others.length === 0
    request.cookies[name] = isUsable ? decodeValue(sent) ?? sent : undefined
    request.sessionState = new SessionState({ sent: request.cookies[name], hasDuplicates: others.length > 0 })
    done()
  }

  // @fastify/session would clear a dead cookie without `Secure`, which browsers ignore for a `__Host-` name.
  function noticeDeadCookie ({ cookies, session, sessionState }: FastifyRequest, _reply: FastifyReply, done: () => void) {
    cookies[name] = undefined
    sessionState.isDead = sessionState.sent !== undefined && session.snapshot === undefined
    done()
  }
}

// A failed request would try to save again with its error page, and fail again, past our pages.
async function saveNothing (request: FastifyRequest) {
  Object.assign(request, { session: null })
}

export default fp(sessionOfRequest, { name: 'session', dependencies: ['sessions', 'secrets', 'origin-check'] })
