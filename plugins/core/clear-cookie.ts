import { fastifyCookie } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { cookieValues } from '../../src/sessions/session-cookie-parser.ts'
import { cookieDomains, sessionCookie } from '../../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Has the browser drop its session cookies, because they open nothing.
     * @param options.isReplaced a valid session continues, whose cookie replaces one of them
     */
    clearSessionCookies (options?: { isReplaced?: boolean }): void
  }
}

/** With the same attributes as it was set, since browsers ignore others for a prefixed name. */
async function clearCookie (app: FastifyInstance): Promise<void> {
  const { name, attributes } = sessionCookie(app.config)
  const domains = cookieDomains(app.config)
  app.decorateReply('clearSessionCookies', clear)

  function clear (this: FastifyReply, { isReplaced = false } = {}) {
    // Where the second of two was set is unknown.
    const isOneOfMany = cookieValues(this.request.headers.cookie, name).length > 1
    for (const domain of isOneOfMany ? domains : [attributes.domain]) {
      if (isReplaced && domain === attributes.domain) continue
      this.header('set-cookie', fastifyCookie.serialize(name, '', { ...attributes, domain, expires: new Date(0), maxAge: 0 }))
    }
    // Other tabs keep pages in memory for the back button; `no-store` alone does not clear them.
    this.header('clear-site-data', '"cache"')
  }
}

export default fp(clearCookie, { name: 'clear-cookie' })
