import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in, read anew at each request, or null. */
    currentUser: User | null
  }
  interface Session {
    userId?: string
    /** The user's session epoch at login. When the user's is another, this session has ended. */
    epoch?: number
  }
}

/** From the session to the user. */
async function currentUser (app: FastifyInstance): Promise<void> {
  app.decorateRequest('currentUser', null)
  app.addHook('onRequest', resumeUser)

  async function resumeUser (request: FastifyRequest) {
    const { userId, epoch } = request.session
    if (userId === undefined) return
    const user = await app.users.findById(userId)
    if (user === null || user.disabledAt !== null || user.sessionEpoch !== epoch) return await request.endSession()
    request.currentUser = user
  }
}

export default fp(currentUser, { name: 'current-user', dependencies: ['session-life', 'users'] })
