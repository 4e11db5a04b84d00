import { Signer } from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isVaried, keptSecret } from '../../src/sessions/session-secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The first signs, all verify. */
    secrets: string[]
    /** Signs the ids of sessions. */
    signer: Signer
  }
}

const OLD_SECRET = 'SESSION_SECRET contains an old secret with fewer than ten distinct characters. Anybody who guesses it can sign cookies: ' +
  'remove it as soon as its cookies may stop working'

async function secrets (app: FastifyInstance): Promise<void> {
  const { sessionSecrets, dataDir } = app.config
  const ours = sessionSecrets.length > 0 ? sessionSecrets : [keptSecret(dataDir)]
  if (!ours.every(isVaried)) app.log.warn(OLD_SECRET)
  app.decorate('secrets', ours)
  app.decorate('signer', new Signer(ours))
}

export default fp(secrets, { name: 'secrets' })
