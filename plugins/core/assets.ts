import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { packageRoot } from '../../src/config/package-root.ts'

const HOUR_SECONDS = 3600
const picoFolder = dirname(createRequire(import.meta.url).resolve('@picocss/pico/css/pico.classless.min.css'))

/** Stylesheets and icon, from this host. */
async function assets (app: FastifyInstance): Promise<void> {
  await app.register(files)
}

async function files (app: FastifyInstance): Promise<void> {
  app.addHook('onSend', sayCharset)
  await app.register(fastifyStatic, {
    root: join(packageRoot, 'public'),
    prefix: '/assets/',
    // One route a file: what is not a file is answered as a page that does not exist.
    wildcard: false,
    index: false,
    maxAge: HOUR_SECONDS * 1000
  })
  app.get('/assets/pico.css', (_request, reply) => reply.sendFile('pico.classless.min.css', picoFolder))
  app.get('/favicon.ico', (_request, reply) => reply.sendFile('favicon.svg'))
}

// The plugin says it of text, but not of an image that is text (OWASP ASVS 5.0, 4.1.1).
async function sayCharset (_request: FastifyRequest, reply: FastifyReply) {
  if (reply.getHeader('content-type') === 'image/svg+xml') reply.type('image/svg+xml; charset=utf-8')
}

export default fp(assets, { name: 'assets' })
