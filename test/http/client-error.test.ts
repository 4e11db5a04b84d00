import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { clientErrorAnswer } from '../../src/http/client-error.ts'
import { openServer, openService } from '../helper.ts'

async function say (port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let answer = ''
  socket.setEncoding('latin1').on('data', piece => { answer += piece }).on('error', () => {})
  await once(socket, 'close')
  return answer
}

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))

t.test('what is no request is refused in the form of every other refusal', async t => {
  const { app, log } = await openService(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const garbage = await say(port, 'garbage\r\n\r\n')
  t.strictSame(bodyOf(garbage), { statusCode: 400, code: 'REQUEST_UNREADABLE', error: 'Bad Request', message: 'What arrived is not HTTP as we know it.' })
  const huge = await say(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  t.match(bodyOf(huge), { statusCode: 431, code: 'HEADERS_TOO_LARGE', error: 'Request Header Fields Too Large' })
  const told = log.filter(line => 'event' in line)
  t.match(told, [{ event: 'refused', outcome: 'REQUEST_UNREADABLE', address: '127.0.0.1' }, { event: 'refused', outcome: 'HEADERS_TOO_LARGE' }], 'and is told in the log')
})

t.test('a sender who is too slow hears so, and one who is gone hears nothing', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answerClientError = clientErrorAnswer({}).bind(openServer(t).app)
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  server.once('connection', socket => answerClientError(late, socket))
  t.match(bodyOf(await say(port, 'GET')), { statusCode: 408, code: 'REQUEST_TIMEOUT', error: 'Request Timeout' })
  server.once('connection', socket => {
    socket.destroy()
    answerClientError(late, socket as Socket)
  })
  t.equal(await say(port, 'GET'), '')
})
