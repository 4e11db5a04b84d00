import { randomBytes } from 'node:crypto'
import { startPostgresServer } from '../postgres-server.ts'
import { asking, type Loss, type RedisWithSentinels, startRedisWithSentinels } from '../redis-sentinels.ts'
import type { Teardown } from '../teardown.ts'
import { inTime, until } from '../until.ts'
import { startLoad, type Tally } from './load.ts'
import { startServices } from './services.ts'
import { visitorsOf } from './visitors.ts'

interface FailoverOptions {
  services: number
  /** What happens to one master after the other. */
  losses: Loss[]
  users: number
  perSecond: number
}

export interface Failover {
  how: Loss
  tally: Tally
  /** Of each service, milliseconds. */
  longest503: number[]
}

/** Services under load, whose Redis fails over time and again. Rejects when one of them does not come back. */
export async function failOver (t: Teardown, { services: count, losses, users, perSecond }: FailoverOptions): Promise<Failover[]> {
  const [redis, postgres] = await inTime('Redis, its sentinels and PostgreSQL to start', Promise.all([startRedisWithSentinels(t), startPostgresServer(t)]))
  const { addresses } = await startServices(t, count, {
    REDIS_URL: redis.url, DATABASE_URL: postgres.newDatabase(), SESSION_SECRET: randomBytes(32).toString('base64url'), TRUSTED_PROXIES: '127.0.0.1'
  })
  const visitors = (await visitorsOf(users, addresses)).flat()
  await untilPushing(redis, count)
  const load = startLoad(t, { visitors, addresses, perSecond })
  const failovers: Failover[] = []
  for (const how of losses) {
    const tally = load.begin()
    await redis.lose(how)
    await load.untilBack()
    await redis.bringBack()
    await load.untilBack()
    await load.askForAll()
    await untilPushing(redis, count)
    failovers.push({ how, tally, longest503: addresses.map(address => tally.outages.get(address)!.longestMs) })
  }
  await load.stop()
  return failovers
}

/** Every service has Redis push to it what changes. */
async function untilPushing ({ masterPort }: RedisWithSentinels, services: number): Promise<void> {
  await until(`Redis to push to ${services} services`, async () => {
    const [, subscribers] = await asking(await masterPort(), client => client.pubsub('NUMSUB', '__redis__:invalidate'))
    return Number(subscribers) === services || { subscribers }
  })
}
