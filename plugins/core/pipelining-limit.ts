import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

/**
 * How many responses on one connection may wait for another. Browsers and proxies don't pipeline: they send the next request
 * when they have read the last response.
 */
const WAITING_MAX = 7
/** Responses that were ready at once wait in the socket instead, for a client that doesn't read. */
const UNSENT_MAX_BYTES = 256 * 1024

/** Cuts clients that pipeline requests without reading: one packet can hold a thousand, and each response takes memory. */
async function pipeliningLimit (app: FastifyInstance): Promise<void> {
  const waiting = new WeakMap<Socket, number>()
  app.addHook('onRequest', ({ socket }, reply, done) => {
    // An injected request has a socket without a length.
    const isRead = !(socket.writableLength > UNSENT_MAX_BYTES)
    if (isRead && countOf(socket, reply) <= WAITING_MAX) return done()
    socket.destroy()
    reply.hijack()
  })

  function countOf (socket: Socket, reply: FastifyReply): number {
    // Node gives the connection to one response at a time.
    if (reply.raw.socket !== null) return 0
    const count = (waiting.get(socket) ?? 0) + 1
    waiting.set(socket, count)
    reply.raw.once('close', () => waiting.set(socket, waiting.get(socket)! - 1))
    return count
  }
}

export default fp(pipeliningLimit, { name: 'pipelining-limit' })
