import cookie from '@fastify/cookie'
import session from '@fastify/session'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { fastifySessionAdapter } from '../../src/sessions/fastify-session-adapter.ts'
import { decodeValue, sentValues } from '../../src/sessions/sent-session.ts'
import { newSessionId } from '../../src/sessions/session-handle.ts'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The browser holds two session cookies, which nobody can tell apart. */
    hasTwoCookies: boolean
    /** The id of the session that regenerate() begins next. */
    nextSessionId: string | null
  }
}

/** `request.session`: read from the store once per request, written when something changed. */
async function sessionOfRequest (app: FastifyInstance): Promise<void> {
  const { config, now, sessions } = app
  const { name, attributes } = sessionCookie(config)

  app.decorateRequest('hasTwoCookies', false)
  app.decorateRequest('nextSessionId', null)
  await app.register(cookie)
  app.addHook('onRequest', readCookie)
  await app.register(session, {
    store: fastifySessionAdapter({ store: sessions, limits: config, now }),
    secret: app.signer,
    idGenerator: request => request!.nextSessionId ?? newSessionId(),
    cookieName: name,
    cookie: attributes,
    saveUninitialized: false,
    rolling: false
  })

  // As everywhere else: @fastify/cookie takes the first of two, and takes a name with a space behind it for ours. A host next
  // door can plant a second cookie of the same name, and the order in which they arrive says nothing about which one is
  // ours (RFC 6265, 5.4). Neither is believed.
  function readCookie (request: FastifyRequest, _reply: FastifyReply, done: () => void) {
    const [sent, ...others] = sentValues(request.headers.cookie, name)
    request.hasTwoCookies = others.length > 0
    request.cookies[name] = sent === undefined || request.hasTwoCookies ? undefined : decodeValue(sent) ?? sent
    done()
  }
}

export default fp(sessionOfRequest, { name: 'session', dependencies: ['sessions', 'secrets', 'origin-check'] })
