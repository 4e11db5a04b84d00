import t, { type Test } from 'tap'
import { ofPassword, ofSession } from '../../../src/accounts/authority.ts'
import { changePassword } from '../../../src/accounts/change-password.ts'
import { deleteAccount } from '../../../src/accounts/delete-account.ts'
import { disableAccount } from '../../../src/accounts/disable-account.ts'
import { endAllSessions } from '../../../src/accounts/end-sessions.ts'
import { SessionsUnavailable } from '../../../src/errors.ts'
import type { NewSession } from '../../../src/sessions/session-store.ts'
import type { Passwords } from '../../../src/credentials/passwords.ts'
import { onEveryStore } from '../../every-store.ts'
import { type Answer, grace, openService, type Service } from '../../helper.ts'
import { fieldsOf, openScene, type Scene, stateOf } from '../../stolen-session.ts'

// The owner ends all sessions while the password of a login is checked, or that of a form. The password may be an old one by then.

const attempts: Record<string, (scene: Scene) => Promise<Answer>> = {
  'a login': ({ browser }) => browser().logIn(),
  'a form': async ({ phone }) => {
    // The failures of a known device would count for it alone.
    phone.cookies.delete('device')
    return await phone.submit('/account/email', fieldsOf('/account/email'))
  }
}

/** By a process that has finished checking the owner's own password. */
const ends: Record<string, (scene: Scene) => Promise<boolean>> = {
  'the password was changed': ({ app, user, passwordHash }) => changePassword(app.transact, ofPassword(user, passwordHash), 'the hash of another one'),
  'every session was ended': ({ app, user }) => endAllSessions(app.transact, ofSession(user)),
  'the account was deleted': ({ app, user, passwordHash }) => deleteAccount(app.transact, ofPassword(user, passwordHash)),
  'the account was disabled': ({ app, user }) => disableAccount(app.transact, user.id, new Date())
}

onEveryStore(t, async (t, settings) => {
  for (const [attempt, send] of Object.entries(attempts)) {
    for (const [what, end] of Object.entries(ends)) {
      t.test(`${what} while the password of ${attempt} was checked: nothing begins, no device is known, and no failure is forgotten`, async t => {
        const scene = await openScene(t, await settings())
        for (let failures = 0; failures < 4; failures++) await scene.browser().logIn({ password: 'wrong' })
        let after: unknown
        onceChecked(t, scene, async () => {
          t.ok(await end(scene))
          after = await allOf(scene)
        })
        const { status, location, setCookies } = await send(scene)
        t.strictSame({ status, location, cookies: setCookies.filter(line => !line.includes('Max-Age=0')) }, { status: 303, location: '/login', cookies: [] })
        t.strictSame(await allOf(scene), after)
        const isThere = await scene.app.users.findById(scene.user.id) !== null
        t.equal((await scene.browser().logIn({ password: 'wrong' })).status, isThere ? 429 : 401, 'it counted as one of five')
      })
    }
  }

  t.test('a sign-up whose account is disabled before its session begins leads to the login', async t => {
    const { app, browser } = await openService(t, await settings())
    beforeNextSession(t, app, async id => { await disableAccount(app.transact, id, new Date()) })
    t.match(await browser().signUp(), { status: 303, location: '/login', setCookies: [] })
    const { id } = (await app.users.findByEmail(grace.email))!
    t.strictSame(await app.sessions.listOf(id), [])
  })

  t.test('a sign-up that fails takes back its account, unless every session of it was ended meanwhile: then it is in use', async t => {
    for (const isInUse of [false, true]) {
      const { app, browser } = await openService(t, await settings())
      beforeNextSession(t, app, async id => {
        if (isInUse) await endAllSessions(app.transact, { id })
        throw new SessionsUnavailable()
      })
      t.equal((await browser().signUp()).status, 503)
      t.equal(await app.users.findByEmail(grace.email) !== null, isInUse)
    }
  })
})

function beforeNextSession (t: Test, { sessions }: Service['app'], work: (userId: string) => Promise<void>) {
  const { create } = sessions
  const { restore } = t.intercept(sessions, 'create', {
    value: async (session: NewSession) => {
      restore()
      await work(session.core.login!.userId)
      await create(session)
    }
  })
}

function onceChecked (t: Test, { app: { admission } }: Scene, work: () => Promise<void>) {
  const run = admission.run.bind(admission)
  const { restore } = t.intercept(admission, 'run', {
    value: <T>(owner: string | null, check: (passwords: Passwords) => Promise<T>) => run(owner, passwords => check({
      ...passwords,
      async verify (...args) {
        restore()
        const fits = await passwords.verify(...args)
        await work()
        return fits
      }
    }))
  })
}

/** Sessions of an epoch before are among them. */
async function allOf (scene: Scene) {
  const { app, user: { id } } = scene
  const sessions = await app.sessions.listOf(id)
  return { ...await stateOf(scene), all: sessions.map(({ handle }) => handle).toSorted(), devices: await app.database.devices.read(id) }
}
