import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openLimiters } from '../src/throttling/open-limiters.ts'
import { passwordThrottle, type PasswordThrottle } from '../src/throttling/password-throttle.ts'
import { signUpThrottle, type SignUpThrottle } from '../src/throttling/sign-up-throttle.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passwordThrottle: PasswordThrottle
    signUpThrottle: SignUpThrottle
  }
}

/** Counts guesses and sign-ups where the sessions live. */
async function throttle (app: FastifyInstance): Promise<void> {
  const openLimiter = openLimiters({ redis: app.redis, redisPrefix: app.config.redisPrefix, database: app.database })
  app.decorate('passwordThrottle', passwordThrottle(openLimiter))
  app.decorate('signUpThrottle', signUpThrottle(openLimiter))
}

export default fp(throttle, { name: 'throttle', dependencies: ['database', 'redis'] })
