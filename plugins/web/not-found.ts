import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PageNotFound } from '../../src/errors.ts'

/** In the scope of the pages, so that the navigation of a 404 shows who is logged in. */
async function notFound (app: FastifyInstance): Promise<void> {
  app.setNotFoundHandler(async () => { throw new PageNotFound() })
}

export default fp(notFound, { name: 'not-found', dependencies: ['load-identity'] })
