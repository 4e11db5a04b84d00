import type { FastifyInstance } from 'fastify'
import { makePublic } from '../../../src/http/guards.ts'

/** The pages of this folder are for anyone; all others require a user. */
export default async function publicPages (app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', makePublic)
}
