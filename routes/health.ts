import type { FastifyInstance } from 'fastify'
import { RETRY_AFTER_SECONDS } from '../src/errors.ts'

/** For whoever runs it: is the process alive, and can it serve. */
export default async function health (app: FastifyInstance): Promise<void> {
  app.get('/health/live', async () => ({ status: 'ok' }))

  app.get('/health/ready', async (_request, reply) => {
    const [sessions, users] = await Promise.allSettled([app.sessions.ping(), app.users.ping()])
    const failing = app.stop.isAsked ? ['stopping'] : Object.entries({ sessions, users }).filter(([, { status }]) => status === 'rejected').map(([name]) => name)
    if (failing.length === 0) return { status: 'ok' }
    return await reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send({ status: 'unavailable', failing })
  })
}
