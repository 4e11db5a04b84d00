import type { FastifyInstance } from 'fastify'

export default async function logout (app: FastifyInstance): Promise<void> {
  app.get('/logout', (_request, reply) => reply.page('logout'))

  app.post('/logout', async (request, reply) => {
    await request.logOut()
    return await reply.redirect('/login', 303)
  })
}
