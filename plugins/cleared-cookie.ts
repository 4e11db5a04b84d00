import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { placesOf, sessionCookie } from '../src/sessions/session-cookie.ts'

interface DeadCookies {
  /** The browser sent two of them: they can lie anywhere. */
  areTwo: boolean
  /** A live session goes on, whose cookie takes the place of one. */
  isReplaced?: boolean
}

declare module 'fastify' {
  interface FastifyReply {
    /** Has the browser drop the session cookies that it holds and that open nothing. */
    clearDeadCookies (dead: DeadCookies): void
  }
}

/** With the same attributes as it was set, since browsers ignore others for a prefixed name. */
async function clearedCookie (app: FastifyInstance): Promise<void> {
  const { name, attributes } = sessionCookie(app.config)
  const places = placesOf(app.config)
  app.decorateReply('clearDeadCookies', clear)

  function clear (this: FastifyReply, { areTwo, isReplaced = false }: DeadCookies) {
    for (const domain of areTwo ? places : [attributes.domain]) {
      if (isReplaced && domain === attributes.domain) continue
      this.header('set-cookie', fastifyCookie.serialize(name, '', { ...attributes, domain, expires: new Date(0), maxAge: 0 }))
    }
    // What other tabs hold in memory for the back button goes as well; `no-store` alone does not see to that.
    this.header('clear-site-data', '"cache"')
  }
}

export default fp(clearedCookie, { name: 'cleared-cookie' })
