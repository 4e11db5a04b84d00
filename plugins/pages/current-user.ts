import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Transact } from '../../src/database/transact.ts'
import { changesNothing } from '../../src/origin-check.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { userOfSession } from '../../src/users/user-of-session.ts'
import type { User } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in, read anew at each request, and again once its body has arrived; or null. */
    currentUser: Readonly<User> | null
    /** Writes for as long as this request's session is there: it is a `conflict` when it was ended meanwhile. */
    transact: Transact
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
  app.decorateRequest('transact', {
    getter (this: FastifyRequest): Transact {
      // Read once more: before it writes, a request waits for hashes.
      return async writes => await isStillThere(this) ? await app.transact(writes) : 'conflict'
    }
  })
  app.addHook('onRequest', resumeUser)
  app.addHook('preValidation', resumeAgain)

  async function resumeUser (request: FastifyRequest) {
    const { userId, epoch } = request.session
    if (userId === undefined) return
    request.currentUser = await userOfSession(app.users, { userId, epoch })
    if (request.currentUser === null) await request.endSession()
  }

  // A body may arrive seconds after its head. Whoever was logged in then may have been logged out since.
  async function resumeAgain (request: FastifyRequest) {
    const { currentUser, session: { epoch } } = request
    if (currentUser === null || changesNothing(request.method)) return
    request.currentUser = await isStillThere(request) ? await userOfSession(app.users, { userId: currentUser.id, epoch }) : null
  }

  async function isStillThere ({ session }: FastifyRequest) {
    return await app.sessions.read(handleOf(session.sessionId), []) !== null
  }
}

export default fp(currentUser, { name: 'current-user', dependencies: ['session-life', 'users'] })
