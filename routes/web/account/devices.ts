import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ofSession } from '../../../src/accounts/authority.ts'
import { endAllSessions } from '../../../src/accounts/end-sessions.ts'
import { PageNotFound } from '../../../src/errors.ts'
import { accountOf, sendToLogin } from '../../../src/http/guards.ts'
import { clientOf } from '../../../src/http/client-of.ts'
import { devicesOf } from '../../../src/identity/devices.ts'
import { formatRelativeTime, formatTime } from '../../../src/i18n/format-time.ts'

export default async function devices (app: FastifyInstance): Promise<void> {
  app.get('/account/devices', async (request, reply) => {
    const devices = (await liveDevices(request)).map(({ signedInAt, lastSeenAt, ...device }) => (
      { ...device, signedInAt: formatTime(signedInAt), lastSeenAt: formatRelativeTime(lastSeenAt, app.now()) }
    ))
    return await reply.page('account/devices', { devices })
  })

  app.post<{ Params: { handle: string } }>('/account/devices/:handle/revoke', async (request, reply) => {
    const { handle } = request.params
    const isThis = handle === request.sessionHandle
    if (!await request.logOut(handle)) throw new PageNotFound()
    return await reply.redirect(isThis ? '/login' : '/account/devices', 303)
  })

  app.post('/account/devices/revoke-others', async (request, reply) => {
    const hasOthers = (await liveDevices(request)).some(({ isThis }) => !isThis)
    const isEnded = await endAllSessions(request.transact, ofSession(accountOf(request)), hasOthers ? clientOf(request) : undefined)
    if (!isEnded) return sendToLogin(request, reply)
    if (hasOthers) request.logEvent('session revoked', 'success')
    return await request.continueAlone() ? await reply.redirect('/account/devices', 303) : sendToLogin(request, reply)
  })
}

async function liveDevices (request: FastifyRequest) {
  const { server, sessionHandle: thisHandle } = request
  const user = accountOf(request)
  return devicesOf(await server.sessions.listOf(user.id), { user, thisHandle, limits: server.config, now: server.now() })
}
