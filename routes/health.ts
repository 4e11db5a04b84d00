import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { RETRY_AFTER_SECONDS } from '../src/errors.ts'
import { answersJson } from '../src/openapi.ts'

const Fine = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false })
const Failing = Type.Object({ status: Type.Literal('unavailable'), failing: Type.Array(Type.String()) }, { additionalProperties: false })

const live = {
  config: { openapi: { summary: 'Whether the process runs' } },
  schema: { response: { 200: answersJson('It runs', Fine) } }
}
const ready = {
  config: { openapi: { summary: 'Whether it can serve' } },
  schema: { response: { 200: answersJson('It can', Fine), 503: answersJson('It cannot, or is stopping', Failing, ['Retry-After']) } }
}

/** For whoever runs it: is the process alive, and can it serve. */
export default async function health (app: FastifyInstance): Promise<void> {
  app.get('/health/live', live, async () => ({ status: 'ok' }))

  app.get('/health/ready', ready, async (_request, reply) => {
    const [sessions, users] = await Promise.allSettled([app.sessions.ping(), app.users.ping()])
    const failing = app.stop.isAsked ? ['stopping'] : Object.entries({ sessions, users }).filter(([, { status }]) => status === 'rejected').map(([name]) => name)
    if (failing.length === 0) return { status: 'ok' }
    return await reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send({ status: 'unavailable', failing })
  })
}
