import type { FastifyErrorConstructor } from '@fastify/error'

/**
 * Runs the work; whatever goes wrong in it becomes the given error, with what happened as its `cause`.
 * A driver's own message can name hosts, files and SQL, so it never becomes the message.
 */
export async function orUnavailable<T> (Unavailable: FastifyErrorConstructor, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new Unavailable({ cause })
  }
}
