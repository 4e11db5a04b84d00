import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { openServer } from './helper.ts'
import { latchkey } from '../src/latchkey.ts'

/** Sends a form on a connection of its own for each line that it reads, with that line as the path, and says what came of it. */
const client = `
  const { connect } = require('node:net')
  require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
    const [port, path, afterMs] = line.split(' ')
    setTimeout(() => {
      const socket = connect(port, '127.0.0.1', () => socket.write('POST ' + path + ' HTTP/1.1\\r\\nHost: localhost\\r\\nSec-Fetch-Site: same-origin\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n'))
      socket.once('data', data => { console.log(path, String(data).split(' ', 2)[1]); socket.destroy() })
      socket.once('error', ({ code }) => console.log(path, code))
    }, Number(afterMs))
  })
  console.log('ready')`

/** A process of its own, which goes on while this one is busy. */
async function startClient (t: Test) {
  const child = spawn(process.execPath, ['-e', client], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    send: (port: number, path: string, afterMs: number) => child.stdin.write(`${port} ${path} ${afterMs}\n`),
    said: async () => String((await lines.next()).value)
  }
}

/** Nothing else runs meanwhile, as on a machine that is busy; the kernel goes on opening connections. */
function beBusy (ms: number): void {
  for (const begun = performance.now(); performance.now() - begun < ms;);
}

t.test('forms that reach a stopping process before it closes are answered, however busy it is; later ones are refused, so that a proxy can ask another', async t => {
  const { app, config } = openServer(t)
  const { send, said } = await startClient(t)
  const port = () => (app.server.address() as AddressInfo).port
  app.addHook('preClose', async () => {
    send(port(), '/first', 0)
    send(port(), '/second', 500)
    // Meanwhile the first comes to wait for being accepted; the second does while the first is answered.
    beBusy(300)
  })
  app.post('/first', async () => beBusy(700))
  app.post('/second', async () => {})
  await app.register(latchkey, { config, drainMs: 0 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const closed = port()
  await app.close()
  t.strictSame([await said(), await said()].sort(), ['/first 200', '/second 200'])
  send(closed, '/third', 0)
  t.equal(await said(), '/third ECONNREFUSED')
})

t.test('an idle connection is kept for longer than proxies keep it', async t => {
  const { app } = openServer(t)
  t.ok(app.server.keepAliveTimeout > 120_000)
})
