import type { FastifyInstance } from 'fastify'
import { visitedPage } from '../../../src/http/visited-page.ts'

export default async function contact (app: FastifyInstance): Promise<void> {
  app.get('/contact', visitedPage('contact'))
}
