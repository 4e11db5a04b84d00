import type { FastifyInstance } from 'fastify'
import { loadConfig } from './config/config.ts'
import { SettingError } from './errors.ts'
import { latchkey } from './latchkey.ts'
import { serverOptions } from './config/server-options.ts'

/** What `fastify start --options` loads: the server's options, and the service as a plugin. */
const config = exitOnError(() => loadConfig())

export const options = serverOptions(config)

// fastify-cli refuses an async plugin that does not take its options.
export default async function app (fastify: FastifyInstance, _options: object): Promise<void> {
  try {
    await fastify.register(latchkey, { config })
  } catch (error) {
    stop(error)
  }
}

function exitOnError<T> (read: () => T): T {
  try {
    return read()
  } catch (error) {
    return stop(error)
  }
}

// A setting's error is one sentence for the operator. Anything else is a fault, and shows where it happened.
function stop (error: unknown): never {
  console.error(error instanceof SettingError ? error.message : error)
  process.exit(1)
}
