import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { LoginRequired } from '../src/errors.ts'
import { makePublic } from '../src/http/guards.ts'
import { answersFailure, answersJson, unavailable } from '../src/http/openapi.ts'
import { cookieValues } from '../src/sessions/session-cookie-parser.ts'
import { sessionCookie } from '../src/sessions/session-cookie.ts'

const Time = Type.String({ format: 'date-time' })
const exact = { additionalProperties: false }
const WhoIs = Type.Object({
  user: Type.Object({ id: Type.String(), email: Type.String(), firstName: Type.String(), lastName: Type.String() }, exact),
  session: Type.Object({ signedInAt: Time, lastSeenAt: Time, expiresAt: Time, remembered: Type.Boolean() }, exact)
}, exact)

const described = {
  config: { openapi: { summary: 'Who is logged in, and until when', isOfSession: true } },
  schema: { response: { 200: answersJson('Who is logged in', WhoIs), 401: answersFailure('Nobody is logged in'), 503: unavailable } }
}

/** For programs: who is logged in, and until when. They ask often, so it takes the short way to the session. */
export default async function session (app: FastifyInstance): Promise<void> {
  const { name: cookieName } = sessionCookie(app.config)
  app.addHook('onRoute', makePublic)

  app.get('/session', described, async (request, reply) => {
    const identity = await app.identify(request.headers.cookie)
    if (identity === null && cookieValues(request.headers.cookie, cookieName).length > 0) reply.clearSessionCookies()
    if (!identity?.account) throw new LoginRequired()
    const summary = identity.renewal === undefined ? identity.session : await identity.renewal
    if (summary === null) throw new LoginRequired()
    const { signedInAt, lastSeenAt, expiresAt, remembered } = summary
    const { id, email, firstName, lastName } = identity.account
    const session = { signedInAt: iso(signedInAt), lastSeenAt: iso(lastSeenAt), expiresAt: iso(expiresAt), remembered }
    return { user: { id, email, firstName, lastName }, session }
  })
}

const iso = (at: number) => new Date(at).toISOString()
