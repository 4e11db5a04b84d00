import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openRedis, type RedisClient } from '../../src/stores/redis/open-redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Shared by sessions and throttling; null without REDIS_URL. */
    redis: RedisClient | null
  }
}

async function redis (app: FastifyInstance): Promise<void> {
  const { config: { redisUrl }, metrics, log } = app
  const connection = redisUrl === undefined ? null : await openRedis({ url: redisUrl, log })
  app.decorate<RedisClient | null>('redis', connection && connection.client)
  if (connection === null) return
  for (const [name, ping] of Object.entries(connection.connections)) metrics?.connection(name, ping)
  app.addHook('onClose', connection.close)
}

export default fp(redis, { name: 'redis', dependencies: ['metrics'] })
