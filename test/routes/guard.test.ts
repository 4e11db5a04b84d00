import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { accountOf, requireRecentAuthentication, requireUser } from '../../src/http/guards.ts'
import { grace, MINUTE_MS, openService, sqliteIn } from '../helper.ts'

t.test('a page for users sends nobody to the login, and back afterwards', async t => {
  const { browser } = await openService(t)
  t.match(await browser().get('/dashboard'), { status: 303, location: '/login?next=%2Fdashboard' })
})

t.test('a program gets a 401 instead', async t => {
  const { browser } = await openService(t)
  const answer = await browser().get('/dashboard', { accept: 'application/json' })
  t.strictSame(answer.json(), { statusCode: 401, code: 'LOGIN_REQUIRED', error: 'Unauthorized', message: 'Please log in first.' })
})

const changes = {
  'is deleted': 'delete from users',
  'is disabled': 'update users set disabled_at = 1',
  'has a raised session epoch': 'update users set session_epoch = session_epoch + 1'
}
for (const [what, statement] of Object.entries(changes)) {
  t.test(`a user who ${what} is out at the next click, and the cookie is cleared`, async t => {
    const { browser, app } = await openService(t)
    const laptop = browser()
    await laptop.signUp()
    sqliteIn(app).exec(statement)
    const answer = await laptop.get('/dashboard')
    t.match(answer, { status: 303, location: '/login?next=%2Fdashboard' })
    t.match(answer.setCookies, [/^session=; Max-Age=0/])
    t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 0, 'the session is gone from the store')
  })
}

/** What anyone may use. Every other route of the running service leads a stranger to the login. */
const publicRoutes = new Set(['/', '/about', '/contact', '/login', '/logout', '/signup', '/unreadable-address', '/session', '/health/live', '/health/ready', '/authz/nginx', '/authz/caddy', '/authz/traefik', '/authz/envoy/*'])

t.test('every route but those for anyone requires a user', async t => {
  const { browser, routes } = await openService(t)
  const own = routes.map(route => route.split(' ')).filter(([, path]) => !path!.startsWith('/assets/') && path !== '/favicon.ico')
  const [open, closed] = [own.filter(([, path]) => publicRoutes.has(path!)), own.filter(([, path]) => !publicRoutes.has(path!))]
  t.strictSame(new Set(open.map(([, path]) => path)), publicRoutes)
  t.ok(closed.length > 15, `${closed.length} routes`)
  for (const [method, path] of closed) {
    const sent = { accept: 'text/html', 'sec-fetch-site': 'same-origin' }
    t.match(await browser().send(method as 'GET', path!.replace(':handle', 'x'), sent), { status: 303, location: /^\/login/ }, `${method} ${path}`)
  }
})

t.test('a guard closes a route of an application too, wherever it is', async t => {
  const routes = async (app: FastifyInstance) => {
    app.get('/api/mine', { onRequest: requireUser }, async request => request.identity?.account?.email)
    app.get('/api/forgotten', async request => accountOf(request).email)
    app.get('/api/secret', { onRequest: requireRecentAuthentication }, async () => 'secret')
  }
  const { browser, time } = await openService(t, {}, { outside: routes })
  for (const path of ['/api/mine', '/api/secret']) t.equal((await browser().get(path)).status, 303, path)
  t.equal((await browser().get('/api/forgotten')).status, 401, 'also where the guard was forgotten')
  const laptop = browser()
  await laptop.signUp()
  t.match(await laptop.get('/api/mine'), { status: 200, body: grace.email })
  t.equal((await laptop.get('/api/secret')).status, 200)
  time.pass(10 * MINUTE_MS)
  t.equal((await laptop.get('/api/secret')).status, 303, 'the last proof is ten minutes old')
  await laptop.logOut()
  t.equal((await laptop.get('/api/mine')).status, 303)
})
