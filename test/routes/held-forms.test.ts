import t from 'tap'
import { heldAt } from '../held-form.ts'
import { endsOfAll, endsOfOne, fieldsOf, openScene, stateOf } from '../stolen-session.ts'

// On every store, and for all that ends a session, in test/slow/routes/held-forms.test.ts.

for (const what of ['the password was changed', 'this device was logged out']) {
  t.test(`a form whose body comes after ${what} changes nothing, whichever form it is, and leads to the login`, async t => {
    const scene = await openScene(t)
    const held = await Promise.all(scene.paths.map(path => heldAt(scene.port, scene.phone, path, fieldsOf(path))))
    await { ...endsOfAll, ...endsOfOne }[what]!(scene)
    const after = await stateOf(scene)
    for (const finish of held) t.match(await finish(), { status: 303, location: '/login' })
    t.strictSame(await stateOf(scene), after)
  })
}
