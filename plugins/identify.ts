import { Signer } from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { identify, type Identified, lookUpIn } from '../src/sessions/identify.ts'
import { sentSession } from '../src/sessions/sent-session.ts'
import { sessionCookie } from '../src/sessions/session-cookie.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Whose session these cookies open, without all that a page needs of a session.
     * @param cookies the header `Cookie`
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    identify (cookies: string | undefined): Promise<Identified | null>
  }
}

/** Who is logged in, on the shortest way: one signature, one read of the store, one look-up of the user. */
async function identification (app: FastifyInstance): Promise<void> {
  const { config, now, log, sessions, users, secrets } = app
  const handleIn = sentSession(sessionCookie(config).name, new Signer(secrets))
  const identityOf = identify({ lookUp: lookUpIn({ sessions, users }), sessions, limits: config, now, log })

  app.decorate('identify', async cookies => {
    const handle = handleIn(cookies)
    return handle === null ? null : await identityOf(handle)
  })
}

export default fp(identification, { name: 'identify', dependencies: ['sessions', 'users', 'secrets'] })
