import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'

/** What the browser is told about the session cookie: no more than it does not know yet. */
async function sentCookie (app: FastifyInstance): Promise<void> {
  const { name } = sessionCookie(app.config)
  app.addHook('onSend', tell)

  function tell (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) {
    // After an error there is none.
    const session: FastifyRequest['session'] | null = request.session
    const isLive = session?.asStored !== undefined
    if (isLive && (session.encryptedSessionId === request.sentCookie || session.asStored?.isGone)) withhold(reply)
    if (request.hasTwoCookies || request.hasDeadCookie) reply.clearDeadCookies({ areTwo: request.hasTwoCookies, isReplaced: isLive })
    done()
  }

  // @fastify/session sends the cookie with each save. The answer of a slow request would put it over that of a login
  // made meanwhile.
  function withhold (reply: FastifyReply) {
    const lines = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    reply.removeHeader('set-cookie')
    for (const line of lines) if (!line.startsWith(`${name}=`)) reply.header('set-cookie', line)
  }
}

export default fp(sentCookie, { name: 'sent-cookie', dependencies: ['session-life', 'cleared-cookie'] })
