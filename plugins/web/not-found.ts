import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PageNotFound } from '../../src/errors.ts'

/** Among the pages, so that its navigation knows who is logged in. */
async function notFound (app: FastifyInstance): Promise<void> {
  app.setNotFoundHandler(async () => { throw new PageNotFound() })
}

export default fp(notFound, { name: 'not-found', dependencies: ['load-identity'] })
