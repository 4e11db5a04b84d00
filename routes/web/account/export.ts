import type { FastifyInstance } from 'fastify'
import { accountOf } from '../../../src/http/guards.ts'
import { answersFailure, answersJson, answersNothing, unavailable } from '../../../src/http/openapi.ts'
import { devicesOf } from '../../../src/identity/devices.ts'
import { accountExport, AccountExport } from '../../../src/accounts/account-export.ts'

const described = {
  config: { openapi: { summary: 'Everything kept about who is logged in; of the events the latest 2,000', isOfSession: true } },
  schema: {
    response: {
      200: answersJson('A file', AccountExport, ['Content-Disposition']),
      303: answersNothing('Nobody is logged in: to the login, for a browser', ['Location']),
      401: answersFailure('Nobody is logged in'),
      503: unavailable
    }
  }
}

export default async function exportAccount (app: FastifyInstance): Promise<void> {
  app.get('/account/export', described, async (request, reply) => {
    const [user, thisHandle] = [accountOf(request), request.sessionHandle]
    const [sessions, events] = await Promise.all([app.sessions.listOf(user.id), app.accountEvents.listOf(user.id)])
    const devices = devicesOf(sessions, { user, thisHandle, limits: app.config, now: app.now() })
    // A line of the log and no event: a GET leaves nothing in the database.
    request.logEvent('exported', 'success')
    reply.header('content-disposition', 'attachment; filename="latchkey-account.json"')
    return accountExport({ user, devices, events })
  })
}
