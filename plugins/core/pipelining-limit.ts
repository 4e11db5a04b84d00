import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * How many answers on one connection may have had to wait for another, each counted until it is sent. Browsers and proxies
 * ask for the next one when they have taken the last.
 */
const WAITING_MAX = 7

/** Cuts who asks and asks and takes no answer: one packet can ask for a thousand, and each that waits takes memory. */
async function waitingAnswers (app: FastifyInstance): Promise<void> {
  const waiting = new WeakMap<Socket, number>()
  app.addHook('onRequest', ({ socket }, reply, done) => {
    // Node gives the connection to one answer at a time.
    if (reply.raw.socket !== null) return done()
    const count = (waiting.get(socket) ?? 0) + 1
    waiting.set(socket, count)
    reply.raw.once('close', () => waiting.set(socket, waiting.get(socket)! - 1))
    if (count <= WAITING_MAX) return done()
    socket.destroy()
    reply.hijack()
  })
}

export default fp(waitingAnswers, { name: 'waiting-answers' })
