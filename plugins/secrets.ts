import { Signer } from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { rememberedSignatures, type SessionSigner } from '../src/sessions/remembered-signatures.ts'
import { keptSecret } from '../src/sessions/session-secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The first signs, all verify. */
    secrets: string[]
    /** Signs the ids of sessions. */
    signer: SessionSigner
  }
}

async function secrets (app: FastifyInstance): Promise<void> {
  const { sessionSecrets, dataDir } = app.config
  const ours = sessionSecrets.length > 0 ? sessionSecrets : [keptSecret(dataDir)]
  app.decorate('secrets', ours)
  app.decorate('signer', rememberedSignatures(new Signer(ours)))
}

export default fp(secrets, { name: 'secrets' })
