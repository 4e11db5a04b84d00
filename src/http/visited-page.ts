import type { FastifyReply, FastifyRequest } from 'fastify'
import { visitsIn } from '../sessions/visits.ts'
import { formatTime } from '../i18n/format-time.ts'

const names: Record<string, string> = { '/': 'Home', '/about': 'About', '/contact': 'Contact' }

/** A page for anyone that remembers the visit and shows this session's history. */
export function visitedPage (view: string) {
  return async function handle (request: FastifyRequest, reply: FastifyReply) {
    await request.rememberVisit()
    const visits = visitsIn(request.session).map(([path, at]) => ({ path, name: names[path], at: formatTime(at) }))
    return await reply.page(view, { visits })
  }
}
