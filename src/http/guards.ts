import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { LoginRequired, ReauthenticationRequired } from '../errors.ts'
import { RETURN_TO_MAX_LENGTH } from './return-to.ts'
import type { Account } from '../users/user-repository.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anyone may use this route. */
    isPublic?: boolean
  }
}

const RECENT_MS = 10 * 60_000

/** Loads `request.identity`, for routes that need no user and want to know about one. */
export async function loadIdentity (request: FastifyRequest): Promise<void> {
  if (request.isIdentityLoaded) return
  request.identity = await request.server.identify(request.headers.cookie)
  request.isIdentityLoaded = true
}

/** The hook of every route that isn't public: somebody is logged in, or the login comes first and leads back. */
export async function requireUser (request: FastifyRequest, reply: FastifyReply): Promise<void | FastifyReply> {
  await loadIdentity(request)
  if (!request.identity?.account) return sendToLogin(request, reply)
}

/** The hook of routes that a borrowed session must not use: a proof was given in the last ten minutes, or it comes first and leads back. */
export async function requireRecentAuthentication (request: FastifyRequest, reply: FastifyReply): Promise<void | FastifyReply> {
  await loadIdentity(request)
  const { identity, server } = request
  if (identity?.provedAt && server.now() - identity.provedAt < RECENT_MS) return
  if (!request.takesHtml()) throw new ReauthenticationRequired()
  request.logRefusal('PASSWORD_REQUIRED')
  const [path] = request.url.split('?', 1)
  return sendToReauthentication(reply, path!)
}

/** @param next a path of this site, which it leads back to */
export function sendToReauthentication (reply: FastifyReply, next: string): FastifyReply {
  return reply.redirect(`/account/reauthenticate?next=${encodeURIComponent(next)}`, 303)
}

/** Closes every route of a scope to strangers, whatever its folder forgets. */
export async function requireUserUnlessPublic (request: FastifyRequest, reply: FastifyReply): Promise<void | FastifyReply> {
  if (request.routeOptions.config.isPublic || request.is404) return
  return await requireUser(request, reply)
}

/** A hook `onRoute`: opens the routes of a folder or file to anyone. */
export function makePublic (route: RouteOptions): void {
  route.config = { ...route.config, isPublic: true }
}

/** Who is logged in, behind a guard. @throws LOGIN_REQUIRED without one */
export function accountOf ({ identity }: FastifyRequest): Readonly<Account> {
  if (!identity?.account) throw new LoginRequired()
  return identity.account
}

/** Also for a change that came too late: its session was ended meanwhile. */
export function sendToLogin (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.takesHtml()) throw new LoginRequired()
  request.logRefusal('LOGIN_REQUIRED')
  // Only a page can be returned to: a form that was sent would be lost.
  const next = request.method === 'GET' && request.url.length <= RETURN_TO_MAX_LENGTH ? `?next=${encodeURIComponent(request.url)}` : ''
  return reply.redirect(`/login${next}`, 303)
}
