import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ofSession } from '../../../src/accounts/authority.ts'
import { endSessions } from '../../../src/accounts/end-sessions.ts'
import { PageNotFound } from '../../../src/errors.ts'
import { clientOf } from '../../../src/sessions/client-of.ts'
import { devicesOf } from '../../../src/sessions/devices.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { shownAgo, shownTime } from '../../../src/shown-time.ts'
import { askForLogin } from '../../../src/users/require-user.ts'

export default async function devices (app: FastifyInstance): Promise<void> {
  app.get('/account/devices', async (request, reply) => {
    const devices = (await liveDevices(request)).map(({ signedInAt, lastSeenAt, ...device }) => (
      { ...device, signedInAt: shownTime(signedInAt), lastSeenAt: shownAgo(lastSeenAt, app.now()) }
    ))
    return await reply.page('account/devices', { devices })
  })

  app.post<{ Params: { handle: string } }>('/account/devices/:handle/revoke', async (request, reply) => {
    const { handle } = request.params
    if (handle === handleOf(request.session.sessionId)) {
      await request.endSession()
      request.recordEvent('logged out')
      return await reply.redirect('/login', 303)
    }
    if (!await app.sessions.revokeOf(request.currentUser!.id, handle)) throw new PageNotFound()
    request.recordEvent('session revoked')
    return await reply.redirect('/account/devices', 303)
  })

  app.post('/account/devices/revoke-others', async (request, reply) => {
    const hasOthers = (await liveDevices(request)).some(({ isThis }) => !isThis)
    const isEnded = await endSessions(request.transact, ofSession(request.currentUser!), hasOthers ? clientOf(request) : undefined)
    if (!isEnded) return askForLogin(request, reply)
    if (hasOthers) request.logEvent('session revoked', 'success')
    return await request.continueAlone() ? await reply.redirect('/account/devices', 303) : askForLogin(request, reply)
  })
}

async function liveDevices ({ server, currentUser, session }: FastifyRequest) {
  const [user, thisHandle] = [currentUser!, handleOf(session.sessionId)]
  return devicesOf(await server.sessions.listOf(user.id), { user, thisHandle, limits: server.config, now: server.now() })
}
