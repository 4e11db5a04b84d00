import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { freePort } from '../free-port.ts'
import { grace } from '../helper.ts'
import { nodeStart, start, statusOf, submit } from '../started-service.ts'

/*
 * Clients that take their time, against the service as it is started.
 */

// Nearly all of it is waiting.
t.jobs = 2

const form = 'Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n'
const head = (line: string, more = '') => `${line} HTTP/1.1\r\nHost: localhost\r\n${more}`

/** What each sends at once, and then again and again. */
const slow: Record<string, [first: string, more: string]> = {
  'says nothing at all': ['', ''],
  'never ends a header': [head('GET /', 'X-Slow: '), 'a'],
  'sends header after header': [head('GET /'), 'X-Slow: a\r\n'],
  'never ends a form': [head('POST /login', `${form}Content-Length: 5000\r\n\r\n`), 'a'],
  'never ends a form of chunks': [head('POST /login', `${form}Transfer-Encoding: chunked\r\n\r\n`), '1\r\na\r\n'],
  'asks before sending a form, and never ends it': [head('POST /signup', `${form}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n`), 'a'],
  'never ends a form for a page that is not there': [head('POST /nothing', `${form}Content-Length: 5000\r\n\r\n`), 'a'],
  'goes on with a form that was refused': [head('POST /login', 'Content-Length: 5000\r\n\r\n'), 'a'],
  'goes on with a form that is too large': [head('POST /login', `${form}Content-Length: 5000000\r\n\r\n`), 'a'],
  'sends a body where none is read': [head('GET /health/live', 'Content-Length: 5000\r\n\r\n'), 'a'],
  'never ends a second request': [`${head('GET /health/live')}\r\n${head('GET /about')}`, 'X-Slow: a\r\n']
}

t.test('whoever is slow to send is cut within fifteen seconds, and holds up nobody', async t => {
  const port = await freePort()
  await start(t, { PORT: String(port), DATA_DIR: t.testdir() }, nodeStart)
  const started = performance.now()
  const clients = Object.entries(slow).map(async ([what, [first, more]]) => {
    await once(trickle(t, port, first, more), 'close')
    t.ok(performance.now() - started < 15_000, `who ${what}`)
  })
  const crowd = Array.from({ length: 400 }, async () => await once(trickle(t, port, head('POST /login', `${form}Content-Length: 9\r\n\r\nemail`)), 'close'))
  t.match(await submit(port, '/signup', grace), { status: 303 })
  t.equal(await statusOf(port, '/health/live'), 200)
  await Promise.all([...clients, ...crowd])
  t.ok(performance.now() - started < 15_000, 'and a crowd of them')
})

t.test('asked to stop, it answers what it has begun and exits with 0 within ten seconds, whatever its clients do', async t => {
  const port = await freePort()
  const service = await start(t, { PORT: String(port), DATA_DIR: t.testdir() }, nodeStart)
  for (const [first, more] of Object.values(slow)) trickle(t, port, first, more)
  trickle(t, port, `${head('GET /health/live')}\r\n`)
  neverRead(t, port)
  // More than can be hashed before it stops to listen.
  const guesses = Array.from({ length: 60 }, (_, at) => submit(port, '/login', { email: `${at}@example.com`, password: 'x' }))
  await Promise.race(guesses)
  const started = performance.now()
  const exitCode = service.stop()
  const answers = await Promise.all(guesses)
  // On a busy machine the last of them are answered that they would wait for too long.
  const statuses = new Set(answers.map(({ status }) => status))
  statuses.delete(503)
  t.strictSame([...statuses], [401])
  t.equal(await exitCode, 0)
  t.ok(performance.now() - started < 10_000)
})

/** A client who sends this, and then more twice a second for as long as anybody listens. */
function trickle (t: Test, port: number, first: string, more = ''): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(first))
  const timer = setInterval(() => socket.write(more), 500)
  socket.on('error', () => {}).on('close', () => clearInterval(timer)).resume()
  t.teardown(() => socket.destroy())
  return socket
}

/** A client who asks for more and more pages, and takes none of them. */
function neverRead (t: Test, port: number) {
  const many = `${head('GET /about')}\r\n`.repeat(2_000)
  const socket = connect(port, '127.0.0.1', () => socket.write(many))
  socket.on('error', () => {}).on('drain', () => socket.write(many)).pause()
  t.teardown(() => socket.destroy())
}
