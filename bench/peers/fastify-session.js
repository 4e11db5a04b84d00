import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import Fastify from 'fastify'
import { createClient } from 'redis'
import { aboutSession, loggedIn, userOf } from './same.js'

/* Fastify with @fastify/session and connect-redis, at their defaults. */

const { PORT, REDIS_URL } = process.env
const client = createClient({ url: REDIS_URL })
await client.connect()

const app = Fastify()
await app.register(cookie)
await app.register(session, {
  store: new RedisStore({ client, prefix: 'fastify:' }),
  secret: 'a secret that nobody else has to know',
  cookie: { secure: false }
})

app.post('/login', async (request, reply) => {
  Object.assign(request.session, loggedIn())
  return await reply.code(204).send()
})

app.get('/session', async (request, reply) => {
  const user = userOf(request.session)
  if (!user) return await reply.code(401).send({ message: 'Please log in first.' })
  return aboutSession(user, request.session)
})

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log('listening')
