import type { FastifyInstance } from 'fastify'
import { requireUser } from '../../../src/users/require-user.ts'

/** The policy of this folder: every page in it needs a user. */
export default async function account (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', requireUser)
}
