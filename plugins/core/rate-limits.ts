import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type KnownDevices, knownDevices } from '../../src/authentication/limits/known-devices.ts'
import { type LoginAttempts, loginAttempts } from '../../src/authentication/limits/login-attempts.ts'
import { rateLimitStoreIn } from '../../src/stores/open/open-rate-limit-store.ts'
import type { RateLimitStore } from '../../src/authentication/limits/rate-limit-store.ts'
import { type SignUpLimit, signUpLimit } from '../../src/authentication/limits/sign-up-limit.ts'

declare module 'fastify' {
  interface FastifyInstance {
    rateLimits: RateLimitStore
    loginAttempts: LoginAttempts
    signUpLimit: SignUpLimit
    knownDevices: KnownDevices
  }
}

/** Counts attempts to log in and sign-ups where the sessions are stored; known devices are in the database, with their users. */
async function throttle (app: FastifyInstance): Promise<void> {
  const { redis, config, database, secrets, now } = app
  const store = rateLimitStoreIn({ redis, redisPrefix: config.redisPrefix, database, now })
  app.decorate('rateLimits', store)
  app.decorate('loginAttempts', loginAttempts(store, now))
  app.decorate('signUpLimit', signUpLimit(store, now))
  app.decorate('knownDevices', knownDevices(database.devices, secrets, now))
}

export default fp(throttle, { name: 'throttle', dependencies: ['database', 'redis', 'secrets'] })
