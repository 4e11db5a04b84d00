import type { FastifyInstance } from 'fastify'
import { visitedPage } from '../../../src/http/visited-page.ts'

export default async function about (app: FastifyInstance): Promise<void> {
  app.get('/about', visitedPage('about'))
}
