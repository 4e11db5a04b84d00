import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sessionCookie } from '../../src/sessions/session-cookie.ts'

/** Sends the session cookie only when the browser doesn't have it, and clears one that opens nothing. */
async function sendSessionCookie (app: FastifyInstance): Promise<void> {
  const { name } = sessionCookie(app.config)
  app.addHook('onSend', send)

  function send (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) {
    // It was refused before its cookie was read.
    if (request.sessionState === undefined) return done()
    // After an error there is no session.
    const session: FastifyRequest['session'] | null = request.session
    const { sent, hasDuplicates, isDead } = request.sessionState
    const isStored = session?.snapshot !== undefined
    if (isStored && (session.encryptedSessionId === sent || session.snapshot?.wasRevoked)) suppressSetCookie(reply)
    if (hasDuplicates || isDead) reply.clearSessionCookies({ isReplaced: isStored })
    done()
  }

  // @fastify/session sends the cookie with each save. The answer of a slow request would overwrite the cookie of a login
  // made meanwhile.
  function suppressSetCookie (reply: FastifyReply) {
    const lines = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    reply.removeHeader('set-cookie')
    for (const line of lines) if (!line.startsWith(`${name}=`)) reply.header('set-cookie', line)
  }
}

export default fp(sendSessionCookie, { name: 'send-session-cookie', dependencies: ['session', 'clear-cookie'] })
