import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { trustOf } from '../src/http/client-address.ts'
import { RETRY_AFTER_SECONDS } from '../src/errors.ts'
import { identityHeaders } from '../src/forward-auth/identity-headers.ts'
import { loginUrl } from '../src/forward-auth/login-url.ts'
import { forEnvoy, forForwarded, forNginx } from '../src/forward-auth/openapi.ts'
import { ENVOY_PREFIX, isForwardedTo, originalRequestOfEnvoy, originalRequestOfForwarded, originalRequestOfNginx, type OriginalRequest } from '../src/forward-auth/original-request.ts'
import { decide, requirementOf } from '../src/forward-auth/rules.ts'
import { wantsPage } from '../src/forward-auth/wants-page.ts'
import { makePublic } from '../src/http/guards.ts'
import { withoutCookie } from '../src/sessions/session-cookie-parser.ts'
import { sessionCookie } from '../src/sessions/session-cookie.ts'
import { mapMaybeAsync } from '../src/async/map-maybe-async.ts'

const PREFIX = '/authz/'
const LOGGED_PATH_MAX = 256

type ReadOriginal = (request: FastifyRequest) => OriginalRequest | null

/** What a proxy asks before it forwards a request to an application: who is this, and may they pass? */
export default async function authz (app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', makePublic)
  app.setErrorHandler(failClosed)
  // nginx accepts 401 only, and sends the redirect itself.
  app.get('/authz/nginx', forNginx, answer(app, ({ headers }) => originalRequestOfNginx(headers), 401))
  for (const proxy of ['/authz/caddy', '/authz/traefik']) app.get(proxy, forForwarded, answer(app, ({ headers }) => originalRequestOfForwarded(headers), 303))
  acceptAnyMethodAndBody(app)
  app.all(`${ENVOY_PREFIX}/*`, forEnvoy, answer(app, ({ headers, method, originalUrl }) => originalRequestOfEnvoy(headers, method, originalUrl), 303))
}

function answer (app: FastifyInstance, readOriginal: ReadOriginal, toLogin: 401 | 303) {
  const { config } = app
  const isTrusted = trustOf(config.trustedProxies)
  const { name: cookieName } = sessionCookie(config)

  // Anybody else could claim any original request. The proxy also forwards what clients send to the login's host; its own
  // questions are for another host, and have this path in this one spelling.
  const isFromProxy = ({ socket, originalUrl, headers }: FastifyRequest) =>
    isTrusted(socket) && originalUrl.startsWith(PREFIX) && !isForwardedTo(config.publicUrl.hostname, headers)

  return (request: FastifyRequest, reply: FastifyReply) => {
    const original = isFromProxy(request) ? readOriginal(request) : null
    if (original === null) return reply.code(400).send()
    const requirement = requirementOf(config.forwardAuthRules, original)
    if (requirement === null) return refuse(request, reply, 'PATH_INVALID')
    const { cookie } = request.headers
    return mapMaybeAsync(app.identify(cookie), identity => {
      const user = identity?.account ?? null
      const decision = decide(requirement, user)
      if (decision === 'pass') return pass(reply, { ...identityHeaders(identity), cookie: withoutCookie(cookie, cookieName) })
      if (decision === 'log in') return sendToLogin(request, reply, original, toLogin)
      return refuse(request, reply, requirement.isAmbiguous ? 'PATH_AMBIGUOUS' : 'NOT_AMONG_THEM', user)
    })
  }
}

/** Bypasses Fastify's reply, as no other route is requested more often. Only the proxy reads this, so headers for browsers are left out. */
function pass (reply: FastifyReply, headers: Record<string, string>) {
  reply.hijack()
  // As Fastify would say it: a proxy that went on asking here would do so until it is cut.
  reply.raw.shouldKeepAlive &&= !reply.server.stop.isAsked
  reply.raw.writeHead(200, { 'cache-control': 'no-store', 'content-length': 0, ...headers }).end()
}

function sendToLogin (request: FastifyRequest, reply: FastifyReply, original: OriginalRequest, code: 401 | 303) {
  const isRedirect = wantsPage(request)
  const outcome = isRedirect ? 'redirected' : 'unauthorized'
  request.server.metrics?.happened('login.required', outcome)
  request.log.debug({ event: 'login.required', outcome, host: original.hostname, path: original.path.slice(0, LOGGED_PATH_MAX) }, 'login.required')
  return isRedirect ? reply.code(code).header('location', loginUrl(original, request.server.config)).send() : reply.code(401).send()
}

function refuse (request: FastifyRequest, reply: FastifyReply, code: string, user: { id: string } | null = null) {
  request.logEvent('refused', code, user)
  return reply.code(403).send()
}

/** Envoy asks with the method and, if configured so, the body of the original request. */
function acceptAnyMethodAndBody (app: FastifyInstance): void {
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
