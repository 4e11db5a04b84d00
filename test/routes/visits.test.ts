import t from 'tap'
import { MINUTE_MS, openService, sqliteIn } from '../helper.ts'

const shown = (body: string) => [...body.matchAll(/<a href="([^"]+)">[^<]*<\/a>\s*(?:<[^>]*>\s*)*<time/g)].map(([, path]) => path)

t.test('a session remembers its last ten pages, newest first', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  for (let visit = 0; visit < 4; visit++) for (const path of ['/', '/about', '/contact']) await laptop.get(path)
  const { body } = await laptop.get('/about')
  t.strictSame(shown(body), ['/about', '/contact', '/about', '/', '/contact', '/about', '/', '/contact', '/about', '/'])
})

t.test('two browsers have histories of their own', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  const phone = browser()
  await laptop.get('/about')
  t.strictSame(shown((await phone.get('/contact')).body), ['/contact'])
})

t.test('a visitor who only looks at the login page gets no cookie', async t => {
  const { browser } = await openService(t)
  for (const path of ['/login', '/signup', '/logout', '/health/live', '/assets/pico.css', '/nowhere']) {
    t.strictSame((await browser().get(path)).setCookies, [], path)
  }
})

t.test('a visitor is forgotten after ten minutes', async t => {
  const { browser, time } = await openService(t)
  const laptop = browser()
  await laptop.get('/about')
  time.pass(11 * MINUTE_MS)
  t.strictSame(shown((await laptop.get('/')).body), ['/'])
})

t.test('an address that starts too many sessions gets the pages without one', async t => {
  const { browser, app } = await openService(t)
  for (let visitor = 0; visitor < 40; visitor++) t.equal((await browser({ address: '203.0.113.7' }).get('/')).status, 200)
  const count = () => sqliteIn(app).prepare('select count(*) from sessions').pluck().get()
  t.equal(count(), 20)
  await browser({ address: '2001:db8::1' }).get('/')
  t.equal(count(), 21, 'another address is not affected')
})

t.test('over http, a service that is https starts no session that the browser would drop', async t => {
  const { browser, app } = await openService(t, { PUBLIC_URL: 'https://login.example.com' })
  const answer = await browser().get('/')
  t.match(answer, { status: 200, setCookies: [] })
  t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 0)
})
