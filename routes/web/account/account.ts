import type { FastifyInstance } from 'fastify'
import { accountOf } from '../../../src/http/guards.ts'
import { formatRelativeTime } from '../../../src/i18n/format-time.ts'
import type { AccountEventType } from '../../../src/users/account-events.ts'

const SHOWN_EVENTS = 50

const sentences: Record<AccountEventType, string> = {
  'signed up': 'Signed up',
  'logged in': 'Logged in',
  'login failed': 'Login with a wrong password',
  'password refused': 'Gave a wrong password while logged in',
  'logged out': 'Logged out',
  'session revoked': 'Logged out another device',
  'password changed': 'Changed the password',
  'email changed': 'Changed the email',
  'profile changed': 'Changed the name',
  throttled: 'Logins held back after too many tries',
  exported: 'Downloaded a copy of the account'
}

export default async function account (app: FastifyInstance): Promise<void> {
  app.get('/account', async (request, reply) => {
    const events = await app.accountEvents.listOf(accountOf(request).id, SHOWN_EVENTS)
    const shown = events.map(({ type, at, ...where }) => (
      { ...where, what: sentences[type], at: formatRelativeTime(at.getTime(), app.now()) }
    ))
    return await reply.page('account/account', { events: shown })
  })
}
