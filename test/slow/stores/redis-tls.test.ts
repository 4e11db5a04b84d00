import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { redisSettings } from '../../every-store.ts'
import { openService } from '../../helper.ts'
import { selfSigned } from '../../self-signed.ts'

t.test('a Redis whose certificate nobody vouches for hears nothing, and the log says why', async t => {
  const heard: Buffer[] = []
  const server = createServer(selfSigned(), (socket: TLSSocket) => { socket.on('data', bytes => heard.push(bytes)).on('error', () => {}) })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo

  const { browser, log } = await openService(t, redisSettings(`rediss://:a-long-enough-password@localhost:${port}`))
  t.equal((await browser().signUp()).status, 503)
  t.equal(heard.length, 0)
  t.ok(log.some(({ msg, reason }) => msg === 'Redis does not answer' && reason === 'DEPTH_ZERO_SELF_SIGNED_CERT'))
})
