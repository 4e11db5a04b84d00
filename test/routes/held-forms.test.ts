import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { disableAccount, enableAccount } from '../../src/accounts/disable-account.ts'
import { headForm, heldAt } from '../held-form.ts'
import { grace } from '../helper.ts'
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

const body = new URLSearchParams(fieldsOf('/account/profile')).toString()

/** What is sent before the session ends, behind the headers, and what after it. */
const ways: Record<string, { header: string, before: string, after: string }> = {
  'in chunks': { header: 'transfer-encoding: chunked', before: `5\r\n${body.slice(0, 5)}\r\n`, after: `${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n` },
  'after 100 Continue': { header: `content-length: ${body.length}\r\nexpect: 100-continue`, before: '', after: body },
  'without any of its body at first': { header: `content-length: ${body.length}`, before: '', after: body }
}

for (const [how, { header, before, after }] of Object.entries(ways)) {
  t.test(`a form behind another request on its connection, sent ${how}, changes nothing after its session ended`, async t => {
    const scene = await openScene(t)
    const { arrived, headers: { 'content-length': _length, ...headers } } = headForm(scene.phone, body)
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const first = `GET /account/profile HTTP/1.1\r\nhost: localhost\r\ncookie: ${headers.cookie}\r\n\r\n`
    const socket = connect(scene.port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1').on('data', piece => { text += piece })
    socket.write(`${first}POST /account/profile HTTP/1.1\r\n${lines}connection: close\r\n${header}\r\n\r\n${before}`)
    await arrived
    await endsOfOne['this device was logged out']!(scene)
    const state = await stateOf(scene)
    socket.write(after)
    await once(socket, 'close')
    t.match(text, /^HTTP\/1.1 200 OK[^]*HTTP\/1.1 303 See Other[^]*\r\nlocation: \/login\r\n/)
    t.strictSame(await stateOf(scene), state)
  })
}

t.test('a form whose user was disabled meanwhile changes nothing, also when the user is enabled again', async t => {
  const scene = await openScene(t)
  const { app, port, phone, user } = scene
  const held = await Promise.all(scene.paths.map(path => heldAt(port, phone, path, fieldsOf(path))))
  await disableAccount(app.transact, user.id, new Date())
  await enableAccount(app.transact, user.id)
  const after = await stateOf(scene)
  for (const finish of held) t.match(await finish(), { status: 303, location: '/login' })
  t.strictSame(await stateOf(scene), after)
})

t.test('a form whose user was deleted meanwhile is none of whoever signs up with that email', async t => {
  const scene = await openScene(t)
  const { app, port, phone } = scene
  const held = await Promise.all(scene.paths.map(path => heldAt(port, phone, path, fieldsOf(path))))
  await endsOfAll['the account was deleted']!(scene)
  const later = scene.browser()
  await later.signUp()
  const user = (await app.users.findByEmail(grace.email))!
  const after = await stateOf({ ...scene, user })
  for (const finish of held) t.match(await finish(), { status: 303, location: '/login' })
  t.strictSame(await stateOf({ ...scene, user }), after)
  t.ok(await later.isLoggedIn())
})

t.test('a login whose body comes after the password was changed is judged by the new one', async t => {
  const scene = await openScene(t)
  const thief = scene.browser()
  const finish = await heldAt(scene.port, thief, '/login', { email: grace.email, password: grace.password })
  await endsOfAll['the password was changed']!(scene)
  t.match(await finish(), { status: 401, setCookies: [] })
})
