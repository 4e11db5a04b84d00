import t from 'tap'
import { onSqliteAndRedis } from '../every-store.ts'
import { grace, openService, rowsOf, type Service } from '../helper.ts'

/** A name that no page has, and every address that only takes forms, are asked for as well. */
const paths = (handle: string) => [
  '/login', '/login?next=/account', '/signup', '/logout', '/dashboard', '/session', '/account', '/account/devices', '/account/profile', '/account/email', '/account/password', '/account/reauthenticate', '/account/reauthenticate?next=/account', '/account/delete', '/account/export',
  '/account/devices/revoke-others', `/account/devices/${handle}/revoke`, '/assets/pico.css', '/favicon.ico', '/health/live', '/health/ready', '/nothing', '/%ff',
  '/logout?_method=POST', `/signup?${new URLSearchParams(grace).toString()}`, `/login?${new URLSearchParams({ email: grace.email, password: grace.password }).toString()}`, `/account/delete?password=${encodeURIComponent(grace.password)}`, '/account/profile?first_name=Eve&last_name=Eve'
]

onSqliteAndRedis(t, async (t, settings) => {
  t.test('whoever only looks changes nothing, logged in or not', async t => {
    const service = await openService(t, settings())
    const { browser, app } = service
    const [laptop, phone, visitor] = [browser(), browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await visitor.get('/')
    const [session] = await app.sessions.listOf((await app.users.findByEmail(grace.email))!.id)
    await app.accountEvents.flush()
    const before = await contentOf(service)
    for (const path of paths(session!.handle)) {
      for (const method of ['GET', 'HEAD'] as const) {
        for (const someone of [laptop, visitor, browser()]) {
          const { setCookies } = await someone.send(method, path, { 'sec-fetch-site': 'cross-site' })
          t.strictSame(setCookies, [], `${method} ${path}`)
          await app.accountEvents.flush()
          t.strictSame(await contentOf(service), before, `${method} ${path}`)
        }
      }
    }
    for (const device of [laptop, phone]) t.ok(await device.isLoggedIn())
  })
})

/** All that is stored. */
async function contentOf (service: Service) {
  const { redis } = service.app
  const keys = await redis?.keys('*') ?? []
  const values = await Promise.all(keys.toSorted().map(async key => [key, (await redis!.dumpBuffer(key)).toString('hex')]))
  return {
    users: await rowsOf(service, 'select * from users'),
    sessions: await rowsOf(service, 'select * from sessions'),
    counts: await rowsOf(service, 'select * from throttle'),
    devices: await rowsOf(service, 'select * from known_devices'),
    events: await rowsOf(service, 'select * from account_events'),
    values
  }
}
