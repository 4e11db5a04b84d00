import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { sessionCookie } from '../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Has the browser drop the session's cookie on these domains; undefined stands for this host alone. */
    clearSessionCookie (domains: Array<string | undefined>): void
  }
}

/** With the same attributes as it was set, since browsers ignore others for a prefixed name. */
async function clearedCookie (app: FastifyInstance): Promise<void> {
  const { name, attributes } = sessionCookie(app.config)
  app.decorateReply('clearSessionCookie', clear)

  function clear (this: FastifyReply, domains: Array<string | undefined>) {
    for (const domain of domains) this.header('set-cookie', fastifyCookie.serialize(name, '', { ...attributes, domain, expires: new Date(0), maxAge: 0 }))
  }
}

export default fp(clearedCookie, { name: 'cleared-cookie' })
