import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { keptSecret } from '../src/sessions/session-secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The first signs, all verify. */
    secrets: string[]
  }
}

async function secrets (app: FastifyInstance): Promise<void> {
  const { sessionSecrets, dataDir } = app.config
  app.decorate('secrets', sessionSecrets.length > 0 ? sessionSecrets : [keptSecret(dataDir)])
}

export default fp(secrets, { name: 'secrets' })
