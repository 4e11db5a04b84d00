import type { FastifyInstance } from 'fastify'
import { devicesOf } from '../../../src/sessions/devices.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'
import { accountExport } from '../../../src/users/account-export.ts'

export default async function exportAccount (app: FastifyInstance): Promise<void> {
  app.get('/account/export', async (request, reply) => {
    request.recordEvent('exported')
    const [user, thisHandle] = [request.currentUser!, handleOf(request.session.sessionId)]
    const [sessions, events] = await Promise.all([app.sessions.listOf(user.id), app.accountEvents.listOf(user.id)])
    const devices = devicesOf(sessions, { user, thisHandle, limits: app.config, now: app.now() })
    reply.header('content-disposition', 'attachment; filename="latchkey-account.json"')
    return accountExport({ user, devices, events })
  })
}
