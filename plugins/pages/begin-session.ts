import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AsStored } from '../../src/sessions/as-stored.ts'
import { handleOf, newSessionId } from '../../src/sessions/session-handle.ts'
import { deadlinesOf } from '../../src/sessions/session-limits.ts'
import type { SessionFields } from '../../src/sessions/session-store.ts'
import { userOfSession } from '../../src/users/user-of-session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Begins a session of this user under a new id, in place of this request's.
     * @returns false when all of the user's sessions were ended meanwhile, or the user is gone; then nothing has begun
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    beginSession (fields: LoggedInFields): Promise<boolean>
    /**
     * Goes on with this session under a new id, as everything that gives it more power has to.
     * @returns false when it was ended meanwhile; then the new one has ended too, before its id was sent
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    continueSession (changes: SessionFields): Promise<boolean>
    /** Of the session that began with this request. */
    newHandle: string | null
  }
}

type LoggedInFields = SessionFields & { userId: string }

/** From one id to the next. */
async function beginSession (app: FastifyInstance): Promise<void> {
  const { config, now, sessions, users, sessionCleanup } = app
  app.decorateRequest('newHandle', null)
  app.decorateRequest('beginSession', begin)
  app.decorateRequest('continueSession', proceed)
  app.addHook('onError', endUnsent)

  async function begin (this: FastifyRequest, fields: LoggedInFields) {
    return await goOnWith(this, fields, async () => true)
  }

  async function proceed (this: FastifyRequest, changes: SessionFields) {
    const { session: { sessionId, userId, asStored } } = this
    const fields = { ...asStored!.copy(), lastSeenAt: now(), ...changes, userId: userId! }
    return await goOnWith(this, fields, () => sessions.revokeOf(userId!, handleOf(sessionId)))
  }

  // The new session first: when the store fails in between, nobody was logged out by it. The user is read after that: a
  // password that was checked a moment ago may be an old one by now.
  async function goOnWith (request: FastifyRequest, fields: LoggedInFields, endOld: () => Promise<boolean>) {
    const handle = await create(request, fields)
    const goesOn = await userOfSession(users, fields) !== null && await endOld()
    await (goesOn ? adopt(request, fields) : sessions.revoke(handle))
    return goesOn
  }

  async function create (request: FastifyRequest, fields: SessionFields): Promise<string> {
    const id = request.nextSessionId = newSessionId()
    const handle = request.newHandle = handleOf(id)
    await sessions.create({ handle, fields, ...deadlinesOf(fields, config) })
    return handle
  }

  // An error's answer has no session cookie, so nobody holds what began. Not awaited: the request has waited long enough.
  async function endUnsent ({ newHandle }: FastifyRequest) {
    if (newHandle !== null) sessionCleanup.end(newHandle)
  }
}

// The old id is dead with it: whoever planted or knew it holds nothing (session fixation).
async function adopt (request: FastifyRequest, fields: SessionFields) {
  const { config, now } = request.server
  await request.session.regenerate()
  Object.assign(request.session, fields, { asStored: new AsStored(fields) })
  if (fields.remembered) request.session.cookie.maxAge = deadlinesOf(fields, config).endsAt - now()
  await request.session.save()
}

export default fp(beginSession, { name: 'begin-session', dependencies: ['session-life', 'sessions', 'users'] })
