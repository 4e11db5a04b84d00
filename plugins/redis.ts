import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openRedis, type RedisClient } from '../src/sessions/open-redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Shared by sessions and throttling; null without REDIS_URL. */
    redis: RedisClient | null
  }
}

async function redis (app: FastifyInstance): Promise<void> {
  const { redisUrl } = app.config
  const connection = redisUrl === undefined ? null : await openRedis({ url: redisUrl, log: app.log })
  app.decorate<RedisClient | null>('redis', connection && connection.client)
  app.addHook('onClose', async () => await connection?.close())
}

export default fp(redis, { name: 'redis' })
