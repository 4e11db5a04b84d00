import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { endSessions } from '../../src/accounts/end-sessions.ts'
import { assess } from '../../src/identity/assess.ts'
import { keepCookie, membersOf } from '../../src/sessions/fastify-session-adapter.ts'
import { type Client, type Login, type Proof, type SessionData, withProof } from '../../src/sessions/session.ts'
import { handleOf } from '../../src/sessions/session-handle.ts'
import { deadlinesOf } from '../../src/sessions/session-limits.ts'

interface LoginChanges { epoch?: number, proof?: Proof }

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Begins a session of this user under a new id, in place of this request's.
     * @returns false when all of the user's sessions were ended meanwhile, or the user is gone; then nothing has begun
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    beginSession (login: Login, client: Client): Promise<boolean>
    /**
     * Continues this session under a new id, as everything that gives it more power has to.
     * @returns false when it was ended meanwhile; then the new one is ended too, before its id was sent
     * @throws SESSIONS_UNAVAILABLE, USERS_UNAVAILABLE
     */
    continueSession (changes: LoginChanges): Promise<boolean>
  }
}

/** From one id to the next. */
async function beginSession (app: FastifyInstance): Promise<void> {
  const { config, now, sessions, users } = app
  app.decorateRequest('beginSession', begin)
  app.decorateRequest('continueSession', proceed)
  app.addHook('onError', endUnsent)

  async function begin (this: FastifyRequest, login: Login, client: Client) {
    const at = now()
    return await continueWith(this, { core: { startedAt: at, login }, client, lastSeenAt: at, fields: {} }, async () => true)
  }

  async function proceed (this: FastifyRequest, changes: LoginChanges) {
    const { sessionHandle, session: { core, client = null, snapshot } } = this
    const { epoch, proofs, ...kept } = core!.login!
    const login = { ...kept, epoch: changes.epoch ?? epoch, proofs: changes.proof ? withProof(proofs, changes.proof) : proofs }
    const data = { core: { ...core!, login }, client, lastSeenAt: now(), fields: snapshot!.fields() }
    return await continueWith(this, data, async () => await endSessions({ sessions }, { userId: login.userId, handle: sessionHandle }) > 0)
  }

  // The new session first: when the store fails in between, nobody was logged out by it. The account is read after that: a
  // password that was checked a moment ago may be an old one by now.
  async function continueWith (request: FastifyRequest, data: SessionData, endOld: () => Promise<boolean>) {
    const handle = await create(request, data)
    const account = await users.findById(data.core.login!.userId)
    const goesOn = assess(data, account, config, now()).state === 'logged in' && await endOld()
    await (goesOn ? adopt(request, data) : endSessions({ sessions }, { handle }))
    return goesOn
  }

  async function create ({ sessionState }: FastifyRequest, data: SessionData): Promise<string> {
    const handle = sessionState.newHandle = handleOf(sessionState.chooseNextId())
    await sessions.create({ handle, ...data, ...deadlinesOf(data, config) })
    return handle
  }
}

// The old id is dead with it: whoever planted or knew it has nothing (session fixation).
async function adopt (request: FastifyRequest, data: SessionData) {
  const { config, now } = request.server
  await request.session.regenerate()
  Object.assign(request.session, membersOf(data))
  keepCookie(request.session, config, now())
  await request.session.save()
}

// An error's answer has no session cookie, so nobody has the id that began. Not awaited: the request has waited long enough.
async function endUnsent ({ sessionState, server }: FastifyRequest) {
  if (sessionState?.newHandle) server.sessionCleanup.end(sessionState.newHandle)
}

export default fp(beginSession, { name: 'begin-session', dependencies: ['session', 'sessions', 'users'] })
