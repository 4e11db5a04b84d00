import type { FastifyInstance } from 'fastify'
import { requireUser } from '../../../src/users/require-user.ts'

/** The policy of this folder: every page in it needs a user, who is still there once a form has arrived. */
export default async function account (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', requireUser)
  app.addHook('preValidation', requireUser)
}
