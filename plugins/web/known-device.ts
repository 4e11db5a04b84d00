import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { deviceCookie } from '../../src/authentication/limits/device-cookie.ts'
import type { Browser, Owner } from '../../src/authentication/limits/known-devices.ts'
import type { Account } from '../../src/users/user-repository.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** This browser, as one that tries to log into this account. */
    browserOf (account: Readonly<Account> | null): Browser
    /** Makes this browser a known device of the account, under its session epoch as it is now. Never fails. */
    rememberDeviceFor (user: Owner): Promise<void>
    /** Keeps this browser a known device of the account, if it is one, under a session epoch that was raised by one. */
    reissueDeviceFor (user: Owner): void
    /** The token to send with the answer. */
    newDeviceToken: string | null
  }
}

/** Which accounts this browser has logged into before. */
async function knownDevice (app: FastifyInstance): Promise<void> {
  const { name, attributes } = deviceCookie(app.config)
  app.decorateRequest('newDeviceToken', null)
  app.decorateRequest('browserOf', function (user) { return { token: this.cookies[name], user } })
  app.decorateRequest('rememberDeviceFor', rememberDeviceFor)
  app.decorateRequest('reissueDeviceFor', reissueDeviceFor)
  app.addHook('onSend', sendToken)

  async function rememberDeviceFor (this: FastifyRequest, user: Owner) {
    const remembered = app.knownDevices.remember(this.cookies[name], user)
    this.newDeviceToken = await remembered.catch(err => { this.log.warn({ err }, 'this browser was not made a known device'); return null })
  }

  function reissueDeviceFor (this: FastifyRequest, user: Owner) {
    this.newDeviceToken = app.knownDevices.reissue(this.newDeviceToken ?? this.cookies[name], user)
  }

  function sendToken ({ newDeviceToken }: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) {
    if (newDeviceToken) reply.setCookie(name, newDeviceToken, attributes)
    done()
  }
}

export default fp(knownDevice, { name: 'known-device', dependencies: ['session', 'throttle'] })
