import type { FastifyReply, FastifyRequest } from 'fastify'
import { LoginRequired } from '../errors.ts'
import { NEXT_MAX } from '../path-here.ts'

/** The policy of a folder of pages: somebody is logged in, or the login comes first and leads back. */
export function requireUser (request: FastifyRequest, reply: FastifyReply, done: () => void) {
  if (request.currentUser !== null) return done()
  askForLogin(request, reply)
}

/** Also for a change that came too late: its session was ended while it was under way. */
export function askForLogin (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.takesHtml()) throw new LoginRequired()
  request.logRefusal('LOGIN_REQUIRED')
  // Only a page can be gone back to: a form that was sent would be lost.
  const next = request.method === 'GET' && request.url.length <= NEXT_MAX ? `?next=${encodeURIComponent(request.url)}` : ''
  return reply.redirect(`/login${next}`, 303)
}
