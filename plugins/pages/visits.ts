import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { addressGroup, addressOf } from '../../src/address.ts'
import { outageLog } from '../../src/outage-log.ts'
import { isCarried, sessionCookie } from '../../src/sessions/session-cookie.ts'
import { oneMoreVisit, type Visited } from '../../src/sessions/visits.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Adds this page to the session's history; starts an anonymous session for it where there is none. Never fails. */
    rememberVisit (): Promise<void>
  }
  interface Session extends Visited {}
}

/** How many anonymous sessions one address may start in ten minutes, as long as such a session lives. */
const PER_ADDRESS = { points: 20, duration: 600 }

async function visits (app: FastifyInstance): Promise<void> {
  const cookie = sessionCookie(app.config)
  const starts = new RateLimiterMemory(PER_ADDRESS)
  const outage = outageLog(app.log, { failing: 'visits cannot be remembered', recovered: 'visits are remembered again' })
  app.decorateRequest('rememberVisit', rememberVisit)

  async function rememberVisit (this: FastifyRequest) {
    if (this.session.asStored === undefined && !await mayStart(this)) return
    await saveOrForget(this, oneMoreVisit(this.session, this.routeOptions.url!, app.now()))
  }

  // Counted before anything is stored, so that a flood of visitors without cookies fills no store.
  async function mayStart (request: FastifyRequest) {
    if (!isCarried(cookie, request.protocol)) return false
    return await starts.consume(addressGroup(addressOf(request))).then(() => true, () => false)
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
      Object.assign(request.session, request.session.asStored?.copy())
    }
  }
}

export default fp(visits, { name: 'visits', dependencies: ['session'] })
