import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HashingBusy } from '../../src/errors.ts'
import { deviceCookie } from '../../src/authentication/limits/device-cookie.ts'
import { readDeviceToken } from '../../src/authentication/limits/device-token.ts'
import type { Passwords } from '../../src/credentials/passwords.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A form for strangers that leads to a hash. While too many wait, it is refused before anything is read for it. */
    isExpensive?: boolean
  }
  interface FastifyRequest {
    /**
     * Does the work when its turn comes. In it, in this order: count, validate, estimate, hash.
     * @throws HASHING_BUSY after two seconds at most; then nothing was done
     */
    admit<T> (work: (passwords: Passwords) => Promise<T>): Promise<T>
  }
}

/** Logins, sign-ups and changes of passwords wait in one queue, with places for those who have been here before. */
async function admit (app: FastifyInstance): Promise<void> {
  const { name } = deviceCookie(app.config)
  app.decorateRequest('admit', admit)
  app.addHook('onRequest', refuseStrangers)

  async function admit<T> (this: FastifyRequest, work: (passwords: Passwords) => Promise<T>) {
    return await app.admission.run(this.identity?.account?.id ?? ownerOf(this.cookies[name]), async passwords => {
      // Whoever has gone away while they waited takes no time of the others.
      if (this.socket.destroyed) throw new HashingBusy()
      return await work(passwords)
    })
  }

  // Before the session is read: whoever floods brings the cookie of one.
  function refuseStrangers ({ headers, routeOptions }: FastifyRequest, _reply: FastifyReply, done: () => void) {
    const { isExpensive } = routeOptions.config
    if (isExpensive && app.admission.isFull() && ownerOf(app.parseCookie(headers.cookie ?? '')[name]) === null) throw new HashingBusy()
    done()
  }

  // Asks no store. Whether the device is known to the account that is typed is found out when its turn comes.
  function ownerOf (token: string | undefined): string | null {
    return token === undefined ? null : readDeviceToken(token, app.secrets)?.userId ?? null
  }
}

export default fp(admit, { name: 'admit', dependencies: ['passwords', 'secrets', 'origin-check'] })
