import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { grace } from '../test/helper.ts'
import { startPostgresServer } from '../test/postgres-server.ts'
import { clientOf, startRedisWithSentinels } from '../test/redis-sentinels.ts'
import { ask } from '../test/several/ask.ts'
import { startServices } from '../test/several/services.ts'
import { type Visitor, visitorsOf } from '../test/several/visitors.ts'
import type { Teardown } from '../test/teardown.ts'
import { runToItsEnd } from '../test/run-to-its-end.ts'

/*
 * The worst a failover can do: the replica hears nothing any more, sessions are ended, then the master dies and the
 * replica, which knows nothing of that, becomes the master. What is said to whoever ends a session, and what comes back?
 */

const LONGEST_MS = 60_000
/** Longer than the lag that is allowed below, which Redis looks at once a second. */
const SILENT_MS = 3_000

const settings = {
  'as Redis comes': {},
  'min-replicas-to-write 1, min-replicas-max-lag 1': { 'min-replicas-to-write': '1', 'min-replicas-max-lag': '1' }
}

await runToItsEnd(LONGEST_MS, async run => {
  const postgres = await startPostgresServer(run)
  const rows: Record<string, object> = {}
  for (const [name, setting] of Object.entries(settings)) rows[name] = await failOver(run, postgres.newDatabase(), setting)
  console.table(rows)
})

async function failOver (run: Teardown, databaseUrl: string, setting: Record<string, string>): Promise<object> {
  const redis = await startRedisWithSentinels(run)
  const operator = clientOf(run, redis.master.port)
  for (const [key, value] of Object.entries(setting)) await operator.config('SET', key, value)
  const secret = randomBytes(32).toString('base64url')
  const services = await startServices(run, 1, { REDIS_URL: redis.url, DATABASE_URL: databaseUrl, SESSION_SECRET: secret, TRUSTED_PROXIES: '127.0.0.1' })
  const address = services.addresses[0]!
  const [[leaving], [changing, other]] = await visitorsOf(2, services.addresses) as [[Visitor, Visitor], [Visitor, Visitor]]
  redis.replica.freeze()
  // Else what waits in the connection would reach it after all.
  await operator.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await after(SILENT_MS)
  const left = await submit(address, '/logout', leaving, {})
  const changed = await submit(address, '/account/password', changing, { current_password: grace.password, new_password: 'compilers were said to be impossible' })
  await redis.master.kill()
  redis.replica.thaw()
  await redis.failedOver()
  while (await statusFor(address, '/health/ready') !== 200) await after(50)
  const opens = async (visitor: Visitor) => await statusFor(address, '/session', visitor) === 200
  if (await opens(other) && changed === 303) process.exitCode = 1
  return { 'logout answered': left, 'its session opens': await opens(leaving), 'password change answered': changed, 'another session opens': await opens(other) }
}

async function submit (address: string, path: string, { cookie }: Visitor, form: Record<string, string>): Promise<number> {
  return (await ask(address, path, { cookie, form })).status
}

async function statusFor (address: string, path: string, visitor?: Visitor): Promise<number> {
  return (await ask(address, path, { ...visitor && { cookie: visitor.cookie } })).status
}
