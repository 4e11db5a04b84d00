import type { FastifyInstance } from 'fastify'
import { PageNotFound } from '../../../src/errors.ts'
import { devicesOf } from '../../../src/sessions/devices.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { shownAgo, shownTime } from '../../../src/shown-time.ts'

export default async function devices (app: FastifyInstance): Promise<void> {
  const { config: limits, sessions } = app

  app.get('/account/devices', async (request, reply) => {
    const [user, now, thisHandle] = [request.currentUser!, app.now(), handleOf(request.session.sessionId)]
    const live = devicesOf(await sessions.listOf(user.id), { user, thisHandle, limits, now })
    const shown = live.map(({ signedInAt, lastSeenAt, ...device }) => (
      { ...device, signedInAt: shownTime(signedInAt), lastSeenAt: shownAgo(lastSeenAt, now) }
    ))
    return await reply.page('account/devices', { devices: shown })
  })

  app.post<{ Params: { handle: string } }>('/account/devices/:handle/revoke', async (request, reply) => {
    const { handle } = request.params
    if (handle === handleOf(request.session.sessionId)) {
      await request.endSession()
      request.recordEvent('logged out')
      return await reply.redirect('/login', 303)
    }
    if (!await sessions.revokeOf(request.currentUser!.id, handle)) throw new PageNotFound()
    request.recordEvent('session revoked')
    return await reply.redirect('/account/devices', 303)
  })

  app.post('/account/devices/revoke-others', async (request, reply) => {
    const revoked = await sessions.revokeAllOf(request.currentUser!.id, handleOf(request.session.sessionId))
    if (revoked > 0) request.recordEvent('session revoked')
    return await reply.redirect('/account/devices', 303)
  })
}
