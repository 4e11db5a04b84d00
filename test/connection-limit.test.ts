import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from './free-port.ts'
import { openService } from './helper.ts'

t.test('a connection beyond the limit is closed as soon as it is opened, the log says so once, and each is counted', async t => {
  const metrics = await freePort()
  const { app, log } = await openService(t, { METRICS_PORT: String(metrics) })
  t.equal(app.server.maxConnections, 4_096)
  app.server.maxConnections = 2
  await app.listen({ port: 0, host: '127.0.0.1' })
  const open = async () => {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const [idle] = [await open(), await open()] as [Socket, Socket]
  for (let surplus = 1; surplus <= 3; surplus++) await once((await open()).resume().on('error', () => {}), 'close')
  t.strictSame(log.filter(({ msg }) => msg.startsWith('more connections')).map(({ connections }) => connections), [2])
  t.match(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(), 'latchkey_events_total{event="refused",outcome="TOO_MANY_CONNECTIONS"} 3')
  idle.destroy()
  const count = promisify(app.server.getConnections.bind(app.server))
  while (await count() > 1) await new Promise(resolve => setImmediate(resolve))
  const asking = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  asking.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  t.match(String((await once(asking, 'data'))[0]), /^HTTP\/1\.1 200/)
})
