import type { FastifyReply, FastifyRequest, Session } from 'fastify'
import { PasswordRequired } from '../errors.ts'

const RECENT_MS = 10 * 60_000

/** The policy of a folder of pages: the password was given lately, or it is asked for first, which leads back. */
export async function requireRecentPassword (request: FastifyRequest, reply: FastifyReply) {
  if (isRecent(request.session, request.server.now())) return
  if (!request.takesHtml()) throw new PasswordRequired()
  request.logRefusal('PASSWORD_REQUIRED')
  const [path] = request.url.split('?', 1)
  return await reply.redirect(`/account/confirm?next=${encodeURIComponent(path!)}`, 303)
}

function isRecent ({ startedAt, authenticatedAt }: Session, now: number): boolean {
  return now - (authenticatedAt ?? startedAt!) < RECENT_MS
}
