import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { LoginRequired } from '../src/errors.ts'
import { answersFailure, answersJson, unavailable } from '../src/openapi.ts'
import { aboutSession } from '../src/sessions/about-session.ts'
import { sentValues } from '../src/sessions/sent-session.ts'
import { sessionCookie } from '../src/sessions/session-cookie.ts'

const Time = Type.String({ format: 'date-time' })
const WhoIs = Type.Object({
  user: Type.Object({ id: Type.String(), email: Type.String(), firstName: Type.String(), lastName: Type.String() }, { additionalProperties: false }),
  session: Type.Object({ signedInAt: Time, lastSeenAt: Time, expiresAt: Time, remembered: Type.Boolean() }, { additionalProperties: false })
}, { additionalProperties: false })

const described = {
  config: { openapi: { summary: 'Who is logged in, and until when', isOfSession: true } },
  schema: { response: { 200: answersJson('Who is logged in', WhoIs), 401: answersFailure('Nobody is logged in'), 503: unavailable } }
}

/** For programs: who is logged in, and until when. They ask often, so it takes the short way to the session. */
export default async function session (app: FastifyInstance): Promise<void> {
  const { name } = sessionCookie(app.config)

  app.get('/session', described, async (request, reply) => {
    const identity = await app.identify(request.headers.cookie)
    if (identity === null) clearSent(request, reply)
    if (!identity?.user || await identity.renewal === false) throw new LoginRequired()
    const { signedInAt, lastSeenAt, expiresAt, remembered } = aboutSession(identity.session.fields, app.config)
    const session = { signedInAt: iso(signedInAt), lastSeenAt: iso(lastSeenAt), expiresAt: iso(expiresAt), remembered }
    return { user: identity.user, session }
  })

  function clearSent ({ headers }: FastifyRequest, reply: FastifyReply) {
    const sent = sentValues(headers.cookie, name).length
    if (sent > 0) reply.clearDeadCookies({ areTwo: sent > 1 })
  }
}

const iso = (at: number) => new Date(at).toISOString()
