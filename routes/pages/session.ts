import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { LoginRequired } from '../../src/errors.ts'
import { answersFailure, answersJson, unavailable } from '../../src/openapi.ts'
import { aboutSession } from '../../src/sessions/about-session.ts'

const Time = Type.String({ format: 'date-time' })
const WhoIs = Type.Object({
  user: Type.Object({ id: Type.String(), email: Type.String(), firstName: Type.String(), lastName: Type.String() }, { additionalProperties: false }),
  session: Type.Object({ signedInAt: Time, lastSeenAt: Time, expiresAt: Time, remembered: Type.Boolean() }, { additionalProperties: false })
}, { additionalProperties: false })

const described = {
  config: { openapi: { summary: 'Who is logged in, and until when', isOfSession: true } },
  schema: { response: { 200: answersJson('Who is logged in', WhoIs), 401: answersFailure('Nobody is logged in'), 503: unavailable } }
}

/** For programs: who is logged in, and until when. */
export default async function session (app: FastifyInstance): Promise<void> {
  app.get('/session', described, async request => {
    if (request.currentUser === null) throw new LoginRequired()
    const { id, email, firstName, lastName } = request.currentUser
    const { signedInAt, lastSeenAt, expiresAt, remembered } = aboutSession(request.session, app.config)
    const session = { signedInAt: iso(signedInAt), lastSeenAt: iso(lastSeenAt), expiresAt: iso(expiresAt), remembered }
    return { user: { id, email, firstName, lastName }, session }
  })
}

const iso = (at: number) => new Date(at).toISOString()
