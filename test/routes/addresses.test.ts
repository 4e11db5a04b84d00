import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import { openService } from '../helper.ts'

t.test('an address in absolute form is answered as the path in it', async t => {
  const { app, browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const say = (request: string) => new Promise<string>(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${request} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nCookie: session=${laptop.cookies.get('session')}\r\nAccept: text/html\r\n\r\n`))
    let answer = ''
    socket.setEncoding('latin1').on('data', text => { answer += text }).on('close', () => resolve(answer))
  })
  t.match(await say('GET http://localhost:3000/about'), /^HTTP\/1.1 200 /)
  t.match(await say('GET http://localhost:3000/dashboard?a=1'), /^HTTP\/1.1 200 /)
  t.match(await say('GET http://%%:3000/dashboard'), /^HTTP\/1.1 400 /)
  t.match(await say('OPTIONS *'), /^HTTP\/1.1 404 /)
  t.match(await say('POST http://localhost:3000/logout'), /^HTTP\/1.1 303 /)
})

t.test('the way to the login can be followed, however long the address', async t => {
  const { browser } = await openService(t)
  t.match(await browser().get(`/dashboard?a=${'b'.repeat(3000)}`), { status: 303, location: '/login' })
})

t.test('the newest login stays, also when several begin at once or another machine is ahead', async t => {
  const { browser, time } = await openService(t, { SESSIONS_PER_USER: '1' })
  await browser().signUp()
  for (let turn = 0; turn < 4; turn++) {
    const device = browser()
    await device.logIn()
    t.ok(await device.isLoggedIn())
  }
  time.pass(2000)
  await browser().logIn()
  time.pass(-2000)
  const device = browser()
  await device.logIn()
  t.ok(await device.isLoggedIn())
})
