import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import npmPackage from '#package' with { type: 'json' }
import { loadConfig } from '../src/config/config.ts'
import { latchkey } from '../src/latchkey.ts'
import type { Description } from '../src/http/openapi.ts'
import { serverOptions } from '../src/config/server-options.ts'

type Paths = Record<string, Record<string, object>>

/** Collects what the routes of a server say of themselves, from now on. */
export function described (app: FastifyInstance): object {
  const paths: Paths = {}
  app.addHook('onRoute', route => {
    const { openapi } = route.config ?? {}
    const method = asShown(route)
    if (openapi !== undefined && method !== null) paths[route.url.replace('*', '{path}')] = { [method]: operation(route, openapi) }
  })
  return {
    openapi: '3.1.0',
    info: { title: 'Latchkey', version: npmPackage.version, license: { name: npmPackage.license, identifier: npmPackage.license } },
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-session', description: 'session under http, __Secure-session with COOKIE_DOMAIN' }
      }
    },
    paths
  }
}

/** One that takes any method is shown as GET. HEAD goes without saying. */
function asShown ({ method }: RouteOptions): string | null {
  return [method].flat().includes('GET') ? 'get' : null
}

function operation ({ url, schema }: RouteOptions, { summary, isOfSession, asks = {} }: Description): object {
  const path = url.includes('*') ? [{ name: 'path', in: 'path', required: true, description: 'the path that is asked for, and its query', schema: { type: 'string' } }] : []
  const headers = Object.entries(asks).map(([name, description]) => ({ name, in: 'header', description, schema: { type: 'string' } }))
  const parameters = [...path, ...headers]
  return {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    // Without the cookie there is an answer, too.
    ...(isOfSession ? { security: [{}, { session: [] }] } : {}),
    responses: schema!.response
  }
}

async function write (): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-openapi-'))
  const config = loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }, join(folder, 'no.env'))
  const app: FastifyInstance = Fastify(serverOptions(config))
  const document = described(app)
  await app.register(latchkey, { config, drainMs: 0 })
  await app.ready()
  await app.close()
  rmSync(folder, { recursive: true })
  writeFileSync(join(import.meta.dirname, 'openapi.json'), `${JSON.stringify(document, null, 2)}\n`)
}

if (process.argv[1] === import.meta.filename) await write()
