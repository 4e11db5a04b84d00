import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { deviceCookie } from '../../src/throttling/device-cookie.ts'
import { knownDevice, renewedToken } from '../../src/throttling/device-token.ts'
import { canonicalEmail } from '../../src/users/email-address.ts'
import type { User } from '../../src/users/user-repository.ts'

type DeviceOwner = Pick<User, 'id' | 'sessionEpoch'>

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of this browser if it has logged into the account of this email before, else null. Counts nothing. @throws USERS_UNAVAILABLE */
    knownDeviceOf (email: string): Promise<string | null>
    /** Makes this browser a known device of the account, under its session epoch as it is now. */
    rememberDeviceFor (user: DeviceOwner): Promise<void>
    /** The token to send with the answer. */
    newDeviceToken: string | null
  }
}

/** Which accounts this browser has logged into before. */
async function knownDevices (app: FastifyInstance): Promise<void> {
  const { name, attributes } = deviceCookie(app.config)
  app.decorateRequest('newDeviceToken', null)
  app.decorateRequest('knownDeviceOf', knownDeviceOf)
  app.decorateRequest('rememberDeviceFor', rememberDeviceFor)
  app.addHook('onSend', sendToken)

  async function knownDeviceOf (this: FastifyRequest, email: string) {
    const user = await app.users.findByEmail(canonicalEmail(email) ?? '')
    return knownDevice(this.cookies[name], { email, user }, app.secrets)
  }

  async function rememberDeviceFor (this: FastifyRequest, user: DeviceOwner) {
    this.newDeviceToken = renewedToken(this.cookies[name], user, app.secrets)
  }

  function sendToken ({ newDeviceToken }: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) {
    if (newDeviceToken) reply.setCookie(name, newDeviceToken, attributes)
    done()
  }
}

export default fp(knownDevices, { name: 'known-device', dependencies: ['session', 'secrets', 'users'] })
