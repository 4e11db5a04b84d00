import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openRedis } from '../src/sessions/open-redis.ts'
import { openLimiters } from '../src/throttling/open-limiters.ts'
import { passwordThrottle, type PasswordThrottle } from '../src/throttling/password-throttle.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passwordThrottle: PasswordThrottle
  }
}

/** Counts guesses where the sessions live. */
async function throttle (app: FastifyInstance): Promise<void> {
  const { redisUrl, redisPrefix } = app.config
  const redis = redisUrl === undefined ? null : await openRedis({ url: redisUrl, log: app.log })
  const openLimiter = openLimiters({ redis, redisPrefix, sqlite: app.database })
  app.decorate('passwordThrottle', passwordThrottle(openLimiter))
  app.addHook('onClose', async () => redis?.disconnect())
}

export default fp(throttle, { name: 'throttle', dependencies: ['database'] })
