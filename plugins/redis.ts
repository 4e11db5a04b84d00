import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openRedis, type RedisClient } from '../src/sessions/open-redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Shared by sessions and throttling; null without REDIS_URL. The session store closes it. */
    redis: RedisClient | null
  }
}

async function redis (app: FastifyInstance): Promise<void> {
  const { redisUrl } = app.config
  app.decorate<RedisClient | null>('redis', redisUrl === undefined ? null : await openRedis({ url: redisUrl, log: app.log }))
}

export default fp(redis, { name: 'redis' })
