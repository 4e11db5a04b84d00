import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { openService, sqliteIn } from '../helper.ts'

const ask = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
const askForTheLast = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

async function listen (t: Test) {
  const { app } = await openService(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** @returns how many answers a client hears that asks so often in one packet */
async function answersTo (port: number, times: number, last = askForTheLast): Promise<number> {
  const socket = connect(port, '127.0.0.1', () => socket.write(ask.repeat(times - 1) + last))
  let heard = ''
  socket.on('data', piece => { heard += piece }).on('error', () => {})
  await once(socket, 'close')
  return heard.split('HTTP/1.1 200').length - 1
}

t.test('eight answers may wait on one connection, and who asks for more is cut', async t => {
  const { port } = await listen(t)
  t.equal(await answersTo(port, 8), 8)
  t.equal(await answersTo(port, 9), 0)
  t.equal(await answersTo(port, 1_000), 0)
  t.equal(await answersTo(port, 1), 1, 'and nobody else is')
})

t.test('nothing is done for what is cut', async t => {
  const { app, port } = await listen(t)
  t.equal(await answersTo(port, 9, askForTheLast.replace('/health/live', '/')), 0)
  t.equal(await answersTo(port, 8), 8)
  t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 0, 'no session began')
})

t.test('a client that reads nothing is cut, however quickly it is answered', async t => {
  const { app, port } = await listen(t)
  const closed = once(app.server, 'connection').then(async ([served]: Socket[]) => await once(served!, 'close'))
  const refused = 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'
  const client = connect(port, '127.0.0.1', () => { client.pause().write(refused.repeat(20_000)) })
  client.on('error', () => {})
  t.teardown(() => client.destroy())
  await closed
})

t.test('who takes each answer may ask any number of times', async t => {
  const { port } = await listen(t)
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  for (let asked = 0; asked < 20; asked++) {
    socket.write(ask)
    t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200/)
  }
})
