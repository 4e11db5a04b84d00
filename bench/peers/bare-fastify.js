import Fastify from 'fastify'
import { Redis } from 'ioredis'

/* The least that Fastify can do: nothing, and one GET of Redis. */

const { PORT, REDIS_URL } = process.env
const redis = new Redis(REDIS_URL, { enableAutoPipelining: true })
await redis.set('bare:session', JSON.stringify({ userId: 'x'.repeat(36), startedAt: 1, lastSeenAt: 1, device: 'Firefox on Linux', address: '127.0.0.1' }))

const app = Fastify()
app.get('/nothing', async (_request, reply) => await reply.send())
app.get('/get', async (_request, reply) => {
  await redis.get('bare:session')
  return await reply.send()
})

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log('listening')
