import t from 'tap'
import { onEveryStore } from '../../every-store.ts'
import { heldAt } from '../../held-form.ts'
import { beginsSession, endsOfAll, endsOfOne, fieldsOf, handleIn, openScene, stateOf } from '../../stolen-session.ts'

// The thief sends all of a form but its last byte. The owner ends the session. Then the last byte comes.

onEveryStore(t, async (t, settings) => {
  for (const [what, end] of Object.entries({ ...endsOfAll, ...endsOfOne })) {
    t.test(`a form whose body comes after ${what} changes nothing, whichever form it is, and leads to the login`, async t => {
      const scene = await openScene(t, await settings())
      const held = []
      for (const path of scene.paths) {
        const [finish, program] = await Promise.all(['text/html', 'application/json'].map(accept => heldAt(scene.port, scene.phone, path, fieldsOf(path), accept)))
        held.push({ path, finish: finish!, program: program! })
      }
      await end(scene)
      const after = await stateOf(scene)
      for (const { path, finish, program } of held) {
        const { status, location, setCookies } = await finish()
        t.match({ status, location }, { status: 303, location: '/login' }, path)
        t.notOk(beginsSession(setCookies), 'no session begins')
        t.equal((await program()).status, path === '/logout' ? 303 : 401, `${path}, sent by a program`)
        t.strictSame(await stateOf(scene), after, `${path} changed nothing`)
      }
    })
  }

  t.test('the same forms are accepted while the session is there', async t => {
    const { paths } = await openScene(t, await settings())
    // The path of earlier releases changes nothing: it leads to the new one.
    for (const route of paths.filter(path => path !== '/account/confirm')) {
      const scene = await openScene(t, await settings())
      const path = route.replace(/[\w-]{43}/, handleIn(scene.laptop))
      const before = await stateOf(scene)
      const finish = await heldAt(scene.port, scene.phone, path, fieldsOf(path))
      t.match(await finish(), { status: 303, location: path === '/logout' ? '/login' : /^\/(account.*)?$/ }, path)
      t.strictNotSame(await stateOf(scene), before, `${path} changed something`)
    }
  })
})
