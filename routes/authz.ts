import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { trustOf } from '../src/address.ts'
import { RETRY_AFTER_SECONDS } from '../src/errors.ts'
import { type Asked, askedOfEnvoy, askedOfForwarded, askedOfNginx } from '../src/forward-auth/asked-address.ts'
import { forEnvoy, forForwarded, forNginx } from '../src/forward-auth/described.ts'
import { identityHeaders } from '../src/forward-auth/identity-headers.ts'
import { isAmong, whoMayPass } from '../src/forward-auth/rules.ts'
import { wantsPage } from '../src/forward-auth/wants-page.ts'
import { isNearby } from '../src/next-place.ts'
import { NEXT_MAX } from '../src/path-here.ts'
import type { Identity, Person } from '../src/sessions/identify.ts'
import { whenKnown } from '../src/when-known.ts'

const ENVOY = '/authz/envoy'

/** What a proxy asks before it lets a request through to an application: who is this, and may they pass. */
export default async function authz (app: FastifyInstance): Promise<void> {
  const { config } = app
  const isTrusted = trustOf(config.trustedProxies)
  app.setErrorHandler(failClosed)

  // nginx takes 401 only, and sends the redirect itself.
  app.get('/authz/nginx', forNginx, (request, reply) => check(request, reply, ({ headers }) => askedOfNginx(headers), 401))
  for (const proxy of ['/authz/caddy', '/authz/traefik']) app.get(proxy, forForwarded, (request, reply) => check(request, reply, ({ headers }) => askedOfForwarded(headers), 303))
  takeAnyMethodAndBody(app)
  app.all(`${ENVOY}/*`, forEnvoy, (request, reply) => check(request, reply, ({ headers, method, url }) => askedOfEnvoy(headers, method, url.slice(ENVOY.length)), 303))

  function check (request: FastifyRequest, reply: FastifyReply, askedIn: (request: FastifyRequest) => Asked | null, toLogin: 401 | 303): FastifyReply | void | Promise<FastifyReply | void> {
    // Whoever else asks could claim to be on the way to any place.
    const asked = isTrusted(request.socket) ? askedIn(request) : null
    if (asked === null) return reply.code(400).send()
    const who = whoMayPass(config.forwardAuthRules, asked)
    if (who === null) return refuse(request, reply, 'PATH_AMBIGUOUS')
    return whenKnown(app.identify(request.headers.cookie), identity => {
      const user = identity?.user ?? null
      if (user === null && who !== 'anyone') return sendToLogin(request, reply, asked, toLogin)
      if (user !== null && !isAmong(who, user)) return refuse(request, reply, 'NOT_AMONG_THEM', user)
      return pass(reply, identity)
    })
  }

  function sendToLogin (request: FastifyRequest, reply: FastifyReply, { address, isRead }: Asked, code: 401 | 303) {
    if (!wantsPage(request)) return reply.code(401).send()
    const url = new URL(address)
    // A form that was sent would be lost on the way back, and the login takes no longer address.
    const next = isRead && url.href.length <= NEXT_MAX && isNearby(url, config) ? `?next=${encodeURIComponent(url.href)}` : ''
    return reply.code(code).header('location', `${config.publicUrl.origin}/login${next}`).send()
  }
}

/** Past Fastify's own way of answering, as nothing is asked more often. Only the proxy reads this, so what is said to browsers is left out. */
function pass (reply: FastifyReply, identity: Identity | null) {
  const headers = { 'cache-control': 'no-store', 'content-length': 0, ...identityHeaders(identity) }
  reply.hijack()
  // As Fastify would say it: a proxy that went on asking here would do so until it is cut.
  reply.raw.shouldKeepAlive &&= !reply.server.stop.isAsked
  reply.raw.writeHead(200, headers).end()
}

function refuse (request: FastifyRequest, reply: FastifyReply, code: string, user: Person | null = null) {
  request.logEvent('refused', code, user)
  return reply.code(403).send()
}

/** Envoy asks with the method, and when it is told to the body, of what it asks about. */
function takeAnyMethodAndBody (app: FastifyInstance): void {
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, body, done) => { body.resume().once('end', done) })
}

/** Never 200 when nobody can know. */
async function failClosed (error: Error & { code?: string, statusCode?: number }, request: FastifyRequest, reply: FastifyReply) {
  const statusCode = error.statusCode ?? 500
  if (statusCode < 500) return await reply.code(statusCode).send()
  request.logFailure(error.code ?? 'INTERNAL_SERVER_ERROR', error)
  return await reply.code(statusCode).header('retry-after', RETRY_AFTER_SECONDS).send()
}
