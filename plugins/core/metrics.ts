import { createServer } from 'node:http'
import { once } from 'node:events'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config/config.ts'
import { SettingError } from '../../src/errors.ts'
import { type Metrics, openMetrics } from '../../src/observability/metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without METRICS_PORT. */
    metrics: Metrics | null
  }
}

/** Metrics on an address of their own, which the proxy in front of the pages does not lead to. */
async function metrics (app: FastifyInstance): Promise<void> {
  const { metricsAddress } = app.config
  const open = metricsAddress === undefined ? null : openMetrics()
  app.decorate<Metrics | null>('metrics', open)
  if (metricsAddress === undefined || open === null) return
  const close = await serve(open, metricsAddress)
  app.addHook('onClose', close)
  app.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, routeOptions: { url: route = 'none' } } = request
    open.answered({ method, route, code: reply.statusCode }, reply.elapsedTime / 1000)
  })
}

async function serve ({ text, contentType }: Metrics, address: NonNullable<Config['metricsAddress']>): Promise<() => Promise<void>> {
  const server = createServer({ requestTimeout: 5_000 }, async (request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': contentType }).end(await text())
  })
  server.listen(address)
  await once(server, 'listening').catch(({ code }: NodeJS.ErrnoException) => {
    throw new SettingError(`METRICS_PORT was given "${address.host}:${address.port}", but nothing can be served there (${code}).`)
  })
  return async () => {
    server.closeAllConnections()
    server.close()
  }
}

export default fp(metrics, { name: 'metrics' })
