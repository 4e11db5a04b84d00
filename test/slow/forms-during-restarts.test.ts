import t from 'tap'
import { startPostgresServer } from '../postgres-server.ts'
import { startLoad } from '../several/load.ts'
import { startProxy } from '../several/proxy.ts'
import { restartInTurn } from '../several/restart-in-turn.ts'
import { startServices } from '../several/services.ts'
import { visitorsOf } from '../several/visitors.ts'
import { until } from '../until.ts'

const REQUESTS = 10_000
/** Over three times as long as it takes. */
const LONGEST_MS = 300_000

t.test('of 10,000 requests behind nginx, half of them forms, three restarts cost none', async t => {
  const postgres = await startPostgresServer(t)
  const services = await startServices(t, 2, { DATABASE_URL: postgres.newDatabase(), SESSION_SECRET: 'a secret that all machines share', TRUSTED_PROXIES: '127.0.0.1' })
  const visitors = (await visitorsOf(4, services.addresses)).flat()
  const load = startLoad(t, { visitors, addresses: [await startProxy(t, 'nginx', services.ports)], perSecond: 120, formEach: 2 })
  const tally = load.begin()
  const ends = await restartInTurn(services, [0, 1, 0])
  await until(`${REQUESTS} requests`, () => tally.requests >= REQUESTS || tally.requests, { longestMs: LONGEST_MS })
  await load.stop()
  t.match(ends, [{ code: 0 }, { code: 0 }, { code: 0 }])
  t.strictSame(tally.failures, {})
  t.equal(tally.lost.size, 0, 'everybody is still logged in')
})
