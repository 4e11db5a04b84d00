import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ForeignForm } from '../../src/errors.ts'
import { isFromOurPages } from '../../src/origin-check.ts'

const CHANGES_NOTHING = new Set(['GET', 'HEAD'])

/** Stops forged requests (CSRF) before anything is read or changed: with SameSite=Lax the second of two bolts. */
async function originCheck (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async request => {
    if (CHANGES_NOTHING.has(request.method)) return
    if (!isFromOurPages(request.headers, app.config.publicUrl.origin)) throw new ForeignForm()
  })
}

export default fp(originCheck, { name: 'origin-check' })
