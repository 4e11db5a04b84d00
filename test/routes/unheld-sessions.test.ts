import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { SessionsUnavailable } from '../../src/errors.ts'
import type { NewSession } from '../../src/sessions/session-store.ts'
import { onEveryStore } from '../every-store.ts'
import { type Browser, grace, openService, type Service } from '../helper.ts'

// The store fails after a session has begun, and before its id is sent: nobody holds that session.

const forms: Record<string, (laptop: Browser) => ReturnType<Browser['submit']>> = {
  'a login': laptop => laptop.logIn(),
  'a password given again': laptop => laptop.submit('/account/reauthenticate', { password: grace.password }),
  'a changed password': laptop => laptop.submit('/account/password', { current_password: grace.password, new_password: 'microseconds are longer wires' }),
  'a logout of all others': laptop => laptop.submit('/account/devices/revoke-others')
}

onEveryStore(t, async (t, settings) => {
  for (const [what, send] of Object.entries(forms)) {
    t.test(`${what} that is answered 503 leaves no session behind: it ends at once`, async t => {
      const service = await openService(t, settings())
      const [laptop, begun] = [await signedUp(service), begins(t, service)]
      const { restore } = t.intercept(service.app.sessions, 'revoke', { value: async () => { restore(); throw new SessionsUnavailable() } })
      t.intercept(service.app.sessions, 'revokeOf', { value: async () => { restore(); throw new SessionsUnavailable() } })
      t.match(await send(laptop), { status: 503, setCookies: [] }, 'the old session could not be ended')
      t.equal(begun.length, 1)
      while (await isThere(service, begun)) await nextTurn()
      t.equal(await laptop.isLoggedIn(), !/changed|others/.test(what), 'the old session is as it was')
    })
  }

  t.test('when it cannot be ended at once, the next sweep ends it', async t => {
    const service = await openService(t, settings())
    const { app, log } = service
    const [laptop, begun] = [await signedUp(service), begins(t, service)]
    const { restore } = t.intercept(app.sessions, 'revoke', { value: async () => { throw new SessionsUnavailable() } })
    t.equal((await laptop.logIn()).status, 503)
    await app.sessionCleanup.sweep().then(() => t.fail('the store is still down'), () => {})
    t.ok(log.some(({ msg }) => msg === 'sessions could not be ended now, the next sweep tries again'))
    t.ok(await isThere(service, begun))
    restore()
    await app.sessionCleanup.sweep()
    t.notOk(await isThere(service, begun))
  })

  t.test('a session that the store makes only after it was given up is ended by the next sweep', async t => {
    const service = await openService(t, settings())
    const { app } = service
    const laptop = await signedUp(service)
    const { create } = app.sessions
    const late: NewSession[] = []
    const { restore } = t.intercept(app.sessions, 'create', { value: async (session: NewSession) => { late.push(session); throw new SessionsUnavailable() } })
    t.equal((await laptop.logIn()).status, 503)
    restore()
    await create(late[0]!)
    await app.sessionCleanup.sweep()
    t.notOk(await isThere(service, late))
    t.ok(await laptop.isLoggedIn())
  })
})

async function signedUp ({ browser }: Service): Promise<Browser> {
  const laptop = browser()
  await laptop.signUp()
  return laptop
}

/** The sessions that begin from now on. */
function begins (t: Test, { app }: Service): NewSession[] {
  const { create } = app.sessions
  const begun: NewSession[] = []
  t.intercept(app.sessions, 'create', { value: async (session: NewSession) => { begun.push(session); await create(session) } })
  return begun
}

async function isThere ({ app }: Service, [session]: NewSession[]): Promise<boolean> {
  return await app.sessions.read(session!.handle) !== null
}
