import t from 'tap'
import { startPostgresServer } from '../postgres-server.ts'
import { startLoad } from '../several/load.ts'
import { proxyNames, startProxy } from '../several/proxy.ts'
import { restartInTurn } from '../several/restart-in-turn.ts'
import { startServices } from '../several/services.ts'
import { visitorsOf } from '../several/visitors.ts'

t.test('services are started anew one after the other, and nobody behind nginx or HAProxy notices', async t => {
  const postgres = await startPostgresServer(t)
  const services = await startServices(t, 2, { DATABASE_URL: postgres.newDatabase(), SESSION_SECRET: 'a secret that both processes share', TRUSTED_PROXIES: '127.0.0.1' })
  const addresses = await Promise.all(proxyNames.map(name => startProxy(t, name, services.ports)))
  const visitors = (await visitorsOf(4, services.addresses)).flat()
  const load = startLoad(t, { visitors, addresses, perSecond: 80, formEach: 10 })
  const tally = load.begin()
  const [end] = await restartInTurn(services, [0])
  await load.stop()
  await load.askForAll()
  t.match(end, { code: 0 })
  t.ok(end!.ms < 10_000)
  t.strictSame(tally.failures, {})
  t.equal(tally.lost.size, 0, 'everybody is still logged in')
  t.ok(tally.requests > 100)
})
