import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { readForm } from '../../src/http/read-form.ts'
import { FORM_BUDGET_MS, withBudget } from '../../src/async/time-budget.ts'

/** Forms, and nothing else: a body of any other type is a 415. */
async function formBody (app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers()
  await app.register(formbody, { parser: body => new URLSearchParams(body) as unknown as Record<string, unknown> })
  // Not in the parser, whose errors would end the process instead of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.body instanceof URLSearchParams) request.body = readForm(request.body)
    done()
  })
  // Its own time begins when it has arrived.
  app.addHook('preHandler', (request, _reply, done) => request.method === 'POST' ? withBudget(FORM_BUDGET_MS, done) : done())
}

export default fp(formBody, { name: 'form-body' })
