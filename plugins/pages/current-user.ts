import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { userOfSession } from '../../src/users/user-of-session.ts'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in, read anew at each request, or null. */
    currentUser: Readonly<User> | null
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
    request.currentUser = await userOfSession(app.users, { userId, epoch })
    if (request.currentUser === null) await request.endSession()
  }
}

export default fp(currentUser, { name: 'current-user', dependencies: ['session-life', 'users'] })
