import { connect, type AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { Sqlite } from '../../src/stores/sqlite/driver.ts'
import { fillAdmission } from '../crowd.ts'
import { onEveryStore } from '../every-store.ts'
import { type Browser, grace, openService } from '../helper.ts'
import { SIGN_UP_CEILINGS } from '../../src/authentication/limits/sign-up-limit.ts'

const wrong = 'not the password at all'
const busy = { status: 503, headers: { 'retry-after': '5' }, setCookies: [], body: /Too many people are logging in right now/ }

/** What the stores are asked during the work, whichever there are. */
async function askedDuring (t: Test, work: () => Promise<void>): Promise<string[]> {
  const statement = Object.getPrototypeOf(new Sqlite(':memory:').prepare('select 1'))
  const calls = [
    ...(['get', 'all', 'run'] as const).map(name => t.capture(statement, name, statement[name])),
    t.capture(Client.prototype, 'query', Client.prototype.query),
    t.capture(Redis.prototype, 'sendCommand', Redis.prototype.sendCommand)
  ]
  await work()
  for (const { restore } of calls) restore()
  const asked = calls.flatMap(results => results() as Array<{ receiver: { source?: string }, args: [{ text?: string, name?: string }?] }>)
  const names = asked.map(({ receiver, args: [what] }) => receiver.source ?? what?.text ?? what?.name)
  // Once a second, whatever happens.
  return names.map(String).filter(name => name !== 'ping')
}

onEveryStore(t, async (t, settings) => {
  t.test('while too many wait, strangers are asked to come again, and nothing is read or written for them', async t => {
    const { app, browser, log } = await openService(t, settings())
    const visitor = browser()
    await visitor.get('/')
    await browser().signUp()
    await app.accountEvents.flush()
    const crowd = fillAdmission(app)
    const flood = (): Array<[Browser, string, Record<string, string>]> => [
      [browser(), '/login', { email: grace.email, password: grace.password }],
      [browser(), '/login', { email: grace.email, password: wrong }],
      [browser(), '/login', { email: 'nobody@example.com', password: wrong }],
      [browser(), '/login', {}],
      [visitor, '/login', { email: grace.email, password: wrong }],
      [browser(), '/signup', { ...grace, email: 'ada@example.com' }],
      [browser(), '/signup', { ...grace, email: 'ada@example.com', password: 'short' }],
      [visitor, '/signup', { nothing: 'of ours' }]
    ]
    const asked = await askedDuring(t, async () => {
      for (let round = 0; round < 5; round++) {
        for (const [who, path, form] of flood()) {
          crowd.refill()
          t.match(await who.submit(path, form), busy)
        }
      }
      await app.accountEvents.flush()
    })
    t.strictSame(asked, [])
    t.ok((await askedDuring(t, async () => { await visitor.get('/') })).length > 0, 'what they are asked is seen')

    t.equal(log.filter(({ event, outcome }) => event === 'refused' && outcome === 'HASHING_BUSY').length, 40)
    t.notOk(log.some(({ level }) => level > 40), 'without a stack for each')

    t.equal((await browser().get('/login')).status, 200)
    t.equal((await browser().get('/health/live')).status, 200)
    await crowd.disperse()
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ password: wrong })).status, 401, 'no attempt that was refused has been counted')
    t.equal((await browser().logIn()).status, 429)
    t.equal((await browser().signUp({ ...grace, email: 'ada@example.com' })).status, 303)
  })

  t.test('meanwhile the next place is for who has been here before', async t => {
    const { app, browser } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await phone.logOut()
    const crowd = fillAdmission(app)
    const known = [() => phone.logIn(), () => laptop.submit('/account/reauthenticate', { password: grace.password })]
    for (const comeBack of known) {
      const before = app.admission.waiting()
      const answer = comeBack()
      while (app.admission.waiting() === before) await new Promise(resolve => setImmediate(resolve))
      crowd.freePlace()
      t.equal((await answer).status, 303)
      crowd.refill()
      t.match(await browser().logIn(), busy)
    }
    await crowd.disperse()
  })
})

t.test('nothing is done for those who have gone away while they waited', async t => {
  const { app } = await openService(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const crowd = fillAdmission(app)
  crowd.freePlace()
  await new Promise(resolve => setImmediate(resolve))
  const socket = connect(port, '127.0.0.1')
  const form = new URLSearchParams({ email: grace.email, password: wrong }).toString()
  const before = app.admission.waiting()
  socket.write(`POST /login HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`)
  while (app.admission.waiting() === before) await new Promise(resolve => setImmediate(resolve))
  socket.destroy()
  const connections = promisify(app.server.getConnections.bind(app.server))
  while (await connections() > 0) await new Promise(resolve => setImmediate(resolve))
  t.strictSame(await askedDuring(t, async () => {
    await crowd.disperse()
    while (app.admission.waiting() > 0) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
  }), [])
})

t.test('a device is known to its own account only', async t => {
  const { app, browser } = await openService(t)
  const ada = browser()
  await ada.signUp({ ...grace, email: 'ada@example.com' })
  await ada.logOut()
  await browser().signUp()
  const crowd = fillAdmission(app)
  t.match(await ada.logIn(), busy)
  const forged = browser()
  forged.cookies.set('device', `${'x'.repeat(22)}.${'y'.repeat(43)}`)
  t.match(await forged.logIn(), busy)
  await crowd.disperse()
})

t.test('a password is estimated only for a sign-up that is counted and otherwise right, and for who knows the one before', async t => {
  const { browser } = await openService(t)
  const estimates = t.capture(ZxcvbnFactory.prototype, 'check', ZxcvbnFactory.prototype.check)
  const laptop = browser()
  await laptop.signUp()
  t.equal(estimates().length, 1)
  const mistakes: Array<Record<string, string>> = [{ first_name: '' }, { last_name: 'x'.repeat(101) }, { email: 'nobody' }, { password: 'short' }, { password: 'x'.repeat(1025) }, { more: 'x' }]
  for (const mistake of mistakes) {
    t.equal((await browser().signUp({ ...grace, email: 'ada@example.com', ...mistake })).status, 400)
  }
  const change = { current_password: wrong, new_password: 'another long enough phrase' }
  t.equal((await laptop.submit('/account/password', change)).status, 401)
  t.equal((await laptop.submit('/account/password', { ...change, new_password: '' })).status, 400)
  t.equal(estimates().length, 0)
  t.equal((await laptop.submit('/account/password', { current_password: grace.password, new_password: 'passwordpassword' })).status, 400)
  t.equal(estimates().length, 1)

  for (let signUp = 8; signUp <= SIGN_UP_CEILINGS.host.points; signUp++) await browser().signUp({ ...grace, email: 'nobody' })
  t.equal((await browser().signUp({ ...grace, email: 'ada@example.com' })).status, 429)
  t.equal(estimates().length, 0)
})
