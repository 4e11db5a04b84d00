import t from 'tap'
import { oneMoreVisit, visitsIn, type Visited } from '../../src/sessions/visits.ts'
import { AnonymousSessionLimit } from '../../src/authentication/limits/anonymous-session-limit.ts'
import { onEveryStore } from '../every-store.ts'
import { Browser, MINUTE_MS, MovableClock, openService, sqliteIn } from '../helper.ts'

const shown = (body: string) => [...body.matchAll(/<a href="([^"]+)">[^<]*<\/a>\s*(?:<[^>]*>\s*)*<time/g)].map(([, path]) => path)

t.test('a session remembers its last ten pages, newest first', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  for (let visit = 0; visit < 4; visit++) for (const path of ['/', '/about', '/contact']) await laptop.get(path)
  const { body } = await laptop.get('/about')
  t.strictSame(shown(body), ['/about', '/contact', '/about', '/', '/contact', '/about', '/', '/contact', '/about', '/'])
})

onEveryStore(t, async (t, settings) => {
  t.test('parallel page views of one session are all remembered', async t => {
    const { browser, app } = await openService(t, settings())
    const laptop = browser()
    await laptop.get('/')
    const paths = ['/', '/about', '/contact', '/', '/about', '/contact', '/', '/about']
    // As tabs that open at once: each with the cookie that the browser has already.
    await Promise.all(paths.map(path => Object.assign(new Browser(app), { cookies: new Map(laptop.cookies) }).get(path)))
    t.strictSame(shown((await laptop.get('/contact')).body).toSorted(), [...paths, '/', '/contact'].toSorted())
  })

  t.test('however many views are parallel, ten are kept', async t => {
    const { browser, app } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const [session] = await app.sessions.listOf((await laptop.get('/session')).json<{ user: { id: string } }>().user.id)
    const visits = Object.fromEntries(Array.from({ length: 150 }, (_, number) => [`visit:${number}:abcd`, ['/about', number]]))
    await app.sessions.update(session!.handle, { set: visits, remove: [] })
    for (const path of ['/', '/contact']) await laptop.get(path)
    t.strictSame(shown((await laptop.get('/')).body).slice(0, 4), ['/', '/contact', '/', '/about'])
    const { fields } = (await app.sessions.read(session!.handle))!
    t.equal(Object.keys(fields).filter(name => name.startsWith('visit:')).length, 10)
  })
})

t.test('a history that was stored in one field is shown until ten visits are newer', async t => {
  const before: Visited = { visits: Array.from({ length: 10 }, (_, number) => ['/old', 10 - number]) }
  let session = before
  for (let visit = 1; visit <= 10; visit++) {
    session = { ...session, ...oneMoreVisit(session, '/new', 10 + visit) }
    t.strictSame(visitsIn(session).map(([path]) => path), [...Array(visit).fill('/new'), ...Array(10 - visit).fill('/old')])
    t.strictSame(visitsIn(session)[0], ['/new', 10 + visit])
  }
  t.equal(session.visits, undefined)
})

t.test('a page view that could not be stored is not shown', async t => {
  const { browser, app } = await openService(t)
  const laptop = browser()
  for (let visit = 0; visit < 10; visit++) await laptop.get('/')
  sqliteIn(app).pragma('query_only = on')
  t.strictSame(shown((await laptop.get('/about')).body), Array(10).fill('/'))
  t.strictSame(shown((await browser().get('/about')).body), [], 'nor to a visitor without a session')
  sqliteIn(app).pragma('query_only = off')
  t.strictSame(shown((await laptop.get('/contact')).body), ['/contact', ...Array(9).fill('/')])
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
  t.match((await browser({ address: '203.0.113.7' }).get('/')).body, 'No pages are remembered for you right now')
  const ada = browser({ address: '203.0.113.7' })
  t.equal((await ada.signUp()).status, 303)
  t.equal(shown((await ada.get('/about')).body)[0], '/about', 'nor is anybody who is logged in')
})

t.test('all addresses together start ten thousand sessions in ten minutes', async t => {
  const clock = new MovableClock()
  let reached = 0
  const limit = new AnonymousSessionLimit(clock.now, () => reached++)
  const visitors = (count: number, network = 0) => Array.from({ length: count }, (_, one) => limit.consume(`2001:db8:${network}:${one.toString(16)}::1`)).filter(Boolean).length
  t.equal(visitors(9_000), 9_000)
  t.equal(reached, 0)
  t.equal(visitors(9_000, 1), 1_000)
  t.equal(reached, 1)
  clock.pass(10 * MINUTE_MS - 1)
  t.notOk(limit.consume('198.51.100.1'))
  clock.pass(1)
  t.equal(visitors(20_000), 10_000, 'and as many in the next ten')
  t.equal(reached, 2)
  clock.pass(-60 * MINUTE_MS)
  t.ok(limit.consume('198.51.100.1'), 'also when the clock was set back')
})

t.test('an address that has started too many starts some again after ten minutes', async t => {
  const { browser, app, time } = await openService(t)
  for (let visitor = 0; visitor < 25; visitor++) await browser({ address: '203.0.113.7' }).get('/')
  time.pass(10 * MINUTE_MS)
  await browser({ address: '203.0.113.7' }).get('/')
  t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 21)
})

t.test('over http, a service that is https starts no session that the browser would drop', async t => {
  const { browser, app } = await openService(t, { PUBLIC_URL: 'https://login.example.com' })
  const answer = await browser().get('/')
  t.match(answer, { status: 200, setCookies: [] })
  t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 0)
})
