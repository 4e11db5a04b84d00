import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { clearing, placesOf, sessionCookie } from '../../src/sessions/session-cookie.ts'

/** What the browser is told about the session cookie: no more than it does not know yet. */
async function sentCookie (app: FastifyInstance): Promise<void> {
  const cookie = sessionCookie(app.config)
  const { name, attributes } = cookie
  const places = placesOf(app.config)
  app.addHook('onSend', tell)

  async function tell (request: FastifyRequest, reply: FastifyReply) {
    // After an error there is none.
    const session: FastifyRequest['session'] | null = request.session
    const isLive = session?.asStored !== undefined
    if (isLive && (session.encryptedSessionId === request.sentCookie || session.asStored?.isGone)) withhold(reply)
    if (request.hasTwoCookies) clear(reply, places.filter(domain => !isLive || domain !== attributes.domain))
    else if (request.hasDeadCookie && !isLive) clear(reply, [attributes.domain])
    // What other tabs hold in memory for the back button goes as well; `no-store` alone does not see to that.
    if (request.hasDeadCookie) reply.header('clear-site-data', '"cache"')
  }

  function clear (reply: FastifyReply, domains: Array<string | undefined>) {
    for (const domain of domains) reply.header('set-cookie', clearing(cookie, domain))
  }

  // @fastify/session sends the cookie with each save. The answer of a slow request would put it over that of a login
  // made meanwhile.
  function withhold (reply: FastifyReply) {
    const lines = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    reply.removeHeader('set-cookie')
    for (const line of lines) if (!line.startsWith(`${name}=`)) reply.header('set-cookie', line)
  }
}

export default fp(sentCookie, { name: 'sent-cookie', dependencies: ['session-life'] })
