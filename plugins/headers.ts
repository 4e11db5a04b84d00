import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** The security headers of every answer, pages, errors and files alike (OWASP ASVS 5.0, 3.4). */
async function headers (app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        // The stylesheet draws its icons as data: images.
        imgSrc: ["'self'", 'data:'],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"]
      }
    },
    strictTransportSecurity: app.config.publicUrl.protocol === 'https:' && { maxAge: 31_536_000, includeSubDomains: false },
    // `no-referrer` would make Chromium send `Origin: null` with our own forms, and the origin check would refuse them.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' }
  })
}

export default fp(headers, { name: 'headers' })
