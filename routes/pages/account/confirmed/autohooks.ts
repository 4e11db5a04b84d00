import type { FastifyInstance } from 'fastify'
import { requireRecentPassword } from '../../../../src/users/require-recent-password.ts'

/** The policy of this folder: every page in it needs a user who gave the password lately. */
export default async function confirmed (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', requireRecentPassword)
}
