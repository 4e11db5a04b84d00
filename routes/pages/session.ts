import type { FastifyInstance } from 'fastify'
import { LoginRequired } from '../../src/errors.ts'
import { aboutSession } from '../../src/sessions/about-session.ts'

/** For programs: who is logged in, and until when. */
export default async function session (app: FastifyInstance): Promise<void> {
  app.get('/session', async request => {
    if (request.currentUser === null) throw new LoginRequired()
    const { id, email, firstName, lastName } = request.currentUser
    const { signedInAt, lastSeenAt, expiresAt, remembered } = aboutSession(request.session, app.config)
    const session = { signedInAt: iso(signedInAt), lastSeenAt: iso(lastSeenAt), expiresAt: iso(expiresAt), remembered }
    return { user: { id, email, firstName, lastName }, session }
  })
}

const iso = (at: number) => new Date(at).toISOString()
