import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openLimiters } from '../src/throttling/open-limiters.ts'
import { passwordThrottle, type PasswordThrottle } from '../src/throttling/password-throttle.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passwordThrottle: PasswordThrottle
  }
}

/** Counts guesses where the sessions live. */
async function throttle (app: FastifyInstance): Promise<void> {
  const openLimiter = openLimiters({ redis: app.redis, redisPrefix: app.config.redisPrefix, database: app.database })
  app.decorate('passwordThrottle', passwordThrottle(openLimiter))
}

export default fp(throttle, { name: 'throttle', dependencies: ['database', 'redis'] })
