import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { LoginMethods } from '../../src/authentication/method.ts'
import { passwordMethod } from '../../src/authentication/methods/password.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every way to prove who one is. */
    loginMethods: LoginMethods
  }
}

async function loginMethods (app: FastifyInstance): Promise<void> {
  const { credentials, now } = app
  app.decorate('loginMethods', { pwd: passwordMethod({ credentials, now }) })
}

export default fp(loginMethods, { name: 'login-methods', dependencies: ['users'] })
