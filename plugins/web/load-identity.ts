import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Transact } from '../../src/accounts/transact.ts'
import { type Identity, identityOf } from '../../src/identity/identity.ts'
import { isRenewalDue } from '../../src/identity/renewal.ts'
import { changesNothing } from '../../src/http/origin-check.ts'
import { keepCookie } from '../../src/sessions/fastify-session-adapter.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Writes for as long as this request's session is there: it is a `conflict` when it was ended meanwhile. */
    transact: Transact
    /** Whether the account still accepts this request's session, read anew. @throws USERS_UNAVAILABLE */
    isSessionValid (): Promise<boolean>
  }
}

/** From `request.session` to `request.identity`: at each request, and again once its body has arrived. */
async function loadIdentity (app: FastifyInstance): Promise<void> {
  const { sessions } = app
  app.decorateRequest('transact', {
    getter (this: FastifyRequest): Transact {
      // Read once more: before it writes, a request waits for hashes.
      return async writes => await isStillThere(this) ? await app.transact(writes) : 'conflict'
    }
  })
  app.decorateRequest('isSessionValid', async function () { return await identityIn(this) !== null })
  app.addHook('onRequest', resume)
  app.addHook('preValidation', resumeAgain)

  async function resume (request: FastifyRequest) {
    request.isIdentityLoaded = true
    request.identity = await identityIn(request)
    if (request.identity !== null) renew(request)
    else if (request.session.snapshot !== undefined) await request.endSession()
  }

  // A body may arrive seconds after its head. Whoever was logged in then may have been logged out since.
  async function resumeAgain (request: FastifyRequest) {
    if (!request.identity?.account || changesNothing(request.method)) return
    request.identity = await isStillThere(request) ? await identityIn(request) : null
  }

  async function isStillThere ({ sessionHandle }: FastifyRequest) {
    return await sessions.readCore(sessionHandle) !== null
  }
}

async function identityIn ({ session: { core, lastSeenAt }, server: { users, config, now } }: FastifyRequest): Promise<Identity | null> {
  if (core === undefined || lastSeenAt === undefined) return null
  const account = core.login && await users.findById(core.login.userId)
  return identityOf({ core, lastSeenAt }, account, config, now())
}

function renew ({ session, sessionState, server: { config, now } }: FastifyRequest) {
  // A cookie that an older secret signed is signed anew, and only a session that is saved sends its cookie.
  const signedByOlderSecret = session.encryptedSessionId !== sessionState.sent
  keepCookie(session, config, now())
  if (signedByOlderSecret || isRenewalDue({ lastSeenAt: session.lastSeenAt! }, now())) session.lastSeenAt = now()
}

export default fp(loadIdentity, { name: 'load-identity', dependencies: ['session', 'end-session', 'users', 'identify'] })
