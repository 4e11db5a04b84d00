import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { RETRY_AFTER_SECONDS } from '../src/errors.ts'
import { makePublic } from '../src/http/guards.ts'
import { answersJson } from '../src/http/openapi.ts'

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
  let failed = ''
  app.addHook('onRoute', makePublic)

  app.get('/health/live', live, async () => ({ status: 'ok' }))

  app.get('/health/ready', ready, async (_request, reply) => {
    const failures = app.stop.isAsked ? { stopping: undefined } : await failuresOf(app)
    logChange(failures)
    const failing = Object.keys(failures)
    if (failing.length === 0) return { status: 'ok' }
    return await reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send({ status: 'unavailable', failing })
  })

  // Once for each change, as a load balancer asks many times a second.
  function logChange (failures: Record<string, unknown>) {
    const failing = Object.keys(failures).join(' and ')
    if (failing === failed) return
    failed = failing
    if (failing === '') app.log.info('ready again')
    else app.log.warn({ err: Object.values(failures)[0] }, `not ready: ${failing}`)
  }
}

/** What cannot be read now, and why. */
async function failuresOf ({ sessions, users }: FastifyInstance): Promise<Record<string, unknown>> {
  const pings = Object.entries({ sessions, users }).map(async ([name, store]) => (
    await store.ping().then(() => [], (err: unknown) => [[name, err]])
  ))
  return Object.fromEntries((await Promise.all(pings)).flat())
}
