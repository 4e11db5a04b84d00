import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressOf } from '../../src/http/client-address.ts'
import { outageLog } from '../../src/observability/outage-log.ts'
import { AnonymousSessionLimit } from '../../src/authentication/limits/anonymous-session-limit.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import { oneMoreVisit, type Visited } from '../../src/sessions/visits.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Adds this page to the session's history; starts an anonymous session for it where there is none. Never fails. */
    rememberVisit (): Promise<void>
  }
  interface Session extends Visited {}
}

async function visits (app: FastifyInstance): Promise<void> {
  const cookie = sessionCookie(app.config)
  const limit = new AnonymousSessionLimit(app.now, () => app.log.warn('too many anonymous sessions, visitors get pages without a history'))
  const outage = outageLog(app.log, { failing: 'visits cannot be remembered', recovered: 'visits are remembered again' })
  app.decorateRequest('rememberVisit', rememberVisit)

  async function rememberVisit (this: FastifyRequest) {
    if (this.session.snapshot === undefined && !mayStart(this)) return
    await saveOrForget(this, oneMoreVisit(this.session, this.routeOptions.url!, app.now()))
  }

  function mayStart (request: FastifyRequest) {
    return isCarried(cookie, request.protocol) && limit.consume(addressOf(request))
  }

  // The page is there also while the store takes no writes: only the visit is missing.
  async function saveOrForget (request: FastifyRequest, changes: Visited) {
    try {
      Object.assign(request.session, changes)
      await request.session.save()
      outage.succeeded()
    } catch (err) {
      outage.failed(err)
      for (const name of Object.keys(changes) as Array<keyof Visited>) delete request.session[name]
      const { snapshot } = request.session
      // Also the renewal: the end of the request would save it once more, and fail the page.
      Object.assign(request.session, snapshot?.fields(), snapshot && { lastSeenAt: snapshot.lastSeenAt })
    }
  }
}

export default fp(visits, { name: 'visits', dependencies: ['session'] })
