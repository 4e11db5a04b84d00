import type { FastifyInstance } from 'fastify'
import { visitedPage } from '../../../src/http/visited-page.ts'

export default async function home (app: FastifyInstance): Promise<void> {
  app.get('/', visitedPage('home'))
}
