import type { FastifyInstance } from 'fastify'

export default async function logout (app: FastifyInstance): Promise<void> {
  app.get('/logout', (_request, reply) => reply.page('logout'))

  app.post('/logout', async (request, reply) => {
    await request.endSession()
    request.recordEvent('logged out')
    return await reply.redirect('/login', 303)
  })
}
