import type { FastifyInstance } from 'fastify'
import { AddressUnreadable } from '../../../src/errors.ts'
import { UNREADABLE_ADDRESS } from '../../../src/config/server-options.ts'

export default async function unreadableAddress (app: FastifyInstance): Promise<void> {
  app.all(UNREADABLE_ADDRESS, async () => { throw new AddressUnreadable() })
}
