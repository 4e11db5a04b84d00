import t, { type Test } from 'tap'
import type { Write } from '../../../src/accounts/transact.ts'
import { onEveryStore } from '../../every-store.ts'
import { beginsSession, endsOfAll, endsOfOne, fieldsOf, handleIn, openScene, type Scene, stateOf } from '../../stolen-session.ts'

// The owner ends the session while a form of the thief is being worked on.

const takePassword = ['/account/reauthenticate', '/account/email', '/account/password', '/account/delete']
const write = ['/account/profile', '/account/email', '/account/password', '/account/delete', '/account/devices/revoke-others']
const takeNewId = ['/account/reauthenticate', '/account/password', '/account/devices/revoke-others']

onEveryStore(t, async (t, settings) => {
  for (const [what, end] of Object.entries({ ...endsOfAll, ...endsOfOne })) {
    t.test(`${what} while the password of a form was checked: the form changes nothing, and leads to the login`, async t => {
      for (const path of takePassword) {
        const scene = await openScene(t, await settings())
        const { admission } = scene.app
        const run = admission.run.bind(admission)
        await loses(t, scene, path, interrupt => {
          const { restore } = t.intercept(admission, 'run', {
            value: async (...args: Parameters<typeof run>) => {
              const outcome = await run(...args)
              restore()
              await interrupt(end)
              return outcome
            }
          })
        })
      }
    })
  }

  for (const [what, end] of Object.entries(endsOfAll)) {
    t.test(`${what} in the last moment before a write: nothing is written`, async t => {
      for (const path of write) {
        const scene = await openScene(t, await settings())
        const { transact } = scene.app
        await loses(t, scene, path, interrupt => {
          const { restore } = t.intercept(scene.app, 'transact', {
            value: async (writes: Write[]) => {
              restore()
              await interrupt(end)
              return await transact(writes)
            }
          })
        })
      }
    })
  }

  t.test('a session that is ended while it goes on under a new id has ended under both', async t => {
    for (const path of takeNewId) {
      const { app, phone, user, laptop } = await openScene(t, await settings())
      const { create } = app.sessions
      const old = handleIn(phone)
      t.intercept(app.sessions, 'create', {
        value: async (session: Parameters<typeof create>[0]) => {
          await create(session)
          await app.sessions.revoke(old)
        }
      })
      const { status, location, setCookies } = await phone.submit(path, fieldsOf(path))
      t.strictSame({ status, location, begins: beginsSession(setCookies) }, { status: 303, location: '/login', begins: false }, path)
      t.strictSame((await app.sessions.listOf(user.id)).map(({ handle }) => handle), [handleIn(laptop)], 'nobody has the new one')
    }
  })

  t.test('whatever two devices send at once, it is as if one had come after the other', async t => {
    for (const [at, mine] of write.entries()) {
      for (const other of [...write.slice(at), '/account/reauthenticate']) {
        const scene = await openScene(t, await settings())
        const answers = await Promise.all([scene.laptop.submit(mine, fieldsOf(mine)), scene.phone.submit(other, fieldsOf(other))])
        t.ok(answers.every(({ status }) => status === 303), `${mine} and ${other}`)
        const made = [mine, other].filter((_path, at) => answers[at]!.location !== '/login')
        t.ok(made.length > 0)
        await isMade(t, scene, made)
      }
    }
  })
})

type Interrupt = (end: (scene: Scene) => Promise<unknown>) => Promise<void>

/** @param prepare has the session ended while the form is worked on */
async function loses (t: Test, scene: Scene, path: string, prepare: (interrupt: Interrupt) => void) {
  let after: unknown
  prepare(async end => {
    await end(scene)
    after = await stateOf(scene)
  })
  const { status, location, setCookies } = await scene.phone.submit(path, fieldsOf(path))
  t.strictSame({ status, location, begins: beginsSession(setCookies) }, { status: 303, location: '/login', begins: false }, path)
  t.strictSame(await stateOf(scene), after, `${path} changed nothing`)
}

/** The changes of these forms, each whole, and no other. */
async function isMade (t: Test, { app, user: { id } }: Scene, made: string[]) {
  const user = await app.users.findById(id)
  t.equal(user === null, made.includes('/account/delete'))
  if (user === null) return
  t.equal(user.firstName === 'Eve', made.includes('/account/profile'))
  t.equal(user.email === 'eve@example.com', made.includes('/account/email'))
  t.equal(user.sessionEpoch, 1 + made.filter(path => ['/account/password', '/account/devices/revoke-others'].includes(path)).length)
}
