import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ForeignForm } from '../../src/errors.ts'
import { changesNothing, isFromOurPages } from '../../src/http/origin-check.ts'

/** Stops forged requests (CSRF) before anything is read or changed: with SameSite=Lax the second of two bolts. */
async function originCheck (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!changesNothing(request.method) && !isFromOurPages(request.headers, app.config.publicUrl.origin)) throw new ForeignForm()
    done()
  })
}

export default fp(originCheck, { name: 'origin-check' })
