import type { FastifyReply, FastifyRequest } from 'fastify'
import { LoginRequired } from '../errors.ts'

/** The policy of a folder of pages: somebody is logged in, or the login comes first and leads back. */
export async function requireUser (request: FastifyRequest, reply: FastifyReply) {
  if (request.currentUser !== null) return
  if (!request.takesHtml()) throw new LoginRequired()
  // Only a page can be gone back to: a form that was sent would be lost.
  const next = request.method === 'GET' ? `?next=${encodeURIComponent(request.url)}` : ''
  return await reply.redirect(`/login${next}`, 303)
}
