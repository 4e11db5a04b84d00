import type { FastifyInstance } from 'fastify'
import { formatTime } from '../../../src/i18n/format-time.ts'

export default async function dashboard (app: FastifyInstance): Promise<void> {
  app.get('/dashboard', async (request, reply) => {
    const { signedInAt, expiresAt, remembered } = request.identity!.session
    return await reply.page('dashboard', { session: { signedInAt: formatTime(signedInAt), expiresAt: formatTime(expiresAt), remembered } })
  })
}
