import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { startPostgresServer } from '../test/postgres-server.ts'
import { startRedisWithSentinels } from '../test/redis-sentinels.ts'
import { startLoad, type Tally } from '../test/several/load.ts'
import { proxyNames, startProxy } from '../test/several/proxy.ts'
import { restartInTurn } from '../test/several/restart-in-turn.ts'
import { startServices } from '../test/several/services.ts'
import { logOut, revokeOthers, type Visitor, visitorsOf } from '../test/several/visitors.ts'
import type { Teardown } from '../test/teardown.ts'
import { runToItsEnd } from '../test/run-to-its-end.ts'

/*
 * Three services, a Redis with a replica and sentinels, a PostgreSQL, and people who are logged in: what do they notice
 * when one part dies, and when the services are started anew in turn behind a proxy?
 */

const LONGEST_MS = 120_000
const SERVICES = 3
const USERS = 50
const PER_SECOND = 200
/** Of each: sessions that another device ends, and sessions that log out. */
const REVOKED_PER_FAULT = 5
const REPLICATED_MS = 500
const DOWN_MS = 3_000
/** Counted too, when it is over. */
const CALM_MS = 1_000
const FORM_EACH = 20

type Place = Awaited<ReturnType<typeof startPlace>>

/** What happens, each time under way until it is mended. */
const faults: Record<string, (place: Place) => Promise<void>> = {
  nothing: async () => {},
  'Redis master killed': async ({ redis }) => {
    await redis.master.kill()
    await redis.failedOver()
  },
  'a service killed, 3 s': async ({ services }) => {
    await services.kill(0)
    await after(DOWN_MS)
    await services.start(0)
  },
  'PostgreSQL killed, 3 s': async ({ postgres }) => {
    await postgres.kill()
    await after(DOWN_MS)
    await postgres.start()
  }
}

await runToItsEnd(LONGEST_MS, async run => {
  const place = await startPlace(run)
  const pairs = await visitorsOf(USERS, place.services.addresses)
  console.log(`${SERVICES} services, ${USERS} users with two sessions each, ${PER_SECOND} requests a second`)
  await printFaults(run, place, pairs)
  await printRestarts(run, place, pairs.flat())
})

async function startPlace (run: Teardown) {
  const [redis, postgres] = await Promise.all([startRedisWithSentinels(run, { downAfterMs: 500 }), startPostgresServer(run)])
  const services = await startServices(run, SERVICES, {
    REDIS_URL: redis.url, DATABASE_URL: postgres.newDatabase(), SESSION_SECRET: randomBytes(32).toString('base64url'), TRUSTED_PROXIES: '127.0.0.1'
  })
  return { redis, postgres, services }
}

async function printFaults (run: Teardown, place: Place, pairs: Array<[Visitor, Visitor]>): Promise<void> {
  const { addresses } = place.services
  const load = startLoad(run, { visitors: pairs.flat(), addresses, perSecond: PER_SECOND })
  const rows: Record<string, object> = {}
  for (const [at, [name, happen]] of Object.entries(faults).entries()) {
    await revokeSome(pairs.slice(2 * at * REVOKED_PER_FAULT, 2 * (at + 1) * REVOKED_PER_FAULT), addresses[at % SERVICES]!)
    await after(REPLICATED_MS)
    const tally = load.begin()
    await happen(place)
    await load.untilBack()
    await after(CALM_MS)
    await load.askForAll()
    rows[name] = row(tally)
    passOrFail(tally, hasKeptSessions(tally))
  }
  await load.stop()
  console.table(rows)
}

/** Half of them are ended from another device, half log out. */
async function revokeSome (pairs: Array<[Visitor, Visitor]>, address: string): Promise<void> {
  await Promise.all(pairs.map((pair, at) => at < REVOKED_PER_FAULT ? revokeOthers(pair, address) : logOut(pair[1], address)))
}

async function printRestarts (run: Teardown, { services }: Place, visitors: Visitor[]): Promise<void> {
  const rows: Record<string, object> = {}
  for (const name of proxyNames) {
    const load = startLoad(run, { visitors, addresses: [await startProxy(run, name, services.ports)], perSecond: PER_SECOND, formEach: FORM_EACH })
    const tally = load.begin()
    const ends = await restartInTurn(services)
    await load.askForAll()
    await load.stop()
    rows[`three services in turn, behind ${name}`] = { ...row(tally), 'longest stop': seconds(Math.max(...ends.map(({ ms }) => ms))) }
    passOrFail(tally, hasKeptSessions(tally) && failedOf(tally) === 0 && ends.every(({ code }) => code === 0))
  }
  console.table(rows)
}

function row (tally: Tally): object {
  return {
    requests: tally.requests,
    failed: failedOf(tally),
    'of these': Object.entries(tally.failures).map(([kind, count]) => `${count} ${kind}`).join(', '),
    'with a 503': seconds(tally.tenthsWith503.size * 100),
    'sessions lost': tally.lost.size,
    'came back': tally.cameBack.size
  }
}

function hasKeptSessions ({ lost, cameBack }: Tally): boolean {
  return lost.size === 0 && cameBack.size === 0
}

function passOrFail ({ lost, cameBack }: Tally, holds: boolean): void {
  if (holds) return
  process.exitCode = 1
  for (const [what, names] of Object.entries({ lost, 'came back': cameBack })) if (names.size > 0) console.log(`${what}: ${[...names].join('; ')}`)
}

function failedOf ({ failures }: Tally): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0)
}

function seconds (ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
