import t from 'tap'
import { openService } from '../helper.ts'

const ofVisitors = ['/', '/about', '/contact', '/login', '/signup', '/nothing']
const ofUsers = ['/', '/about', '/contact', '/logout', '/dashboard', '/account', '/account/devices', '/account/profile', '/account/email', '/account/password', '/account/delete', '/account/reauthenticate', '/nothing']

t.test('a password is typed unseen, and a password manager may fill it in', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  const fields = new Map<string, string>()
  for (const path of ['/login', '/signup']) for (const field of await passwordsOf(path)) fields.set(...field)
  await laptop.signUp()
  for (const path of ofUsers) for (const field of await passwordsOf(path)) fields.set(...field)
  t.strictSame([...fields], [
    ['/login password', 'current-password'],
    ['/signup password', 'new-password'],
    ['/account/email current_password', 'current-password'],
    ['/account/password current_password', 'current-password'],
    ['/account/password new_password', 'new-password'],
    ['/account/delete current_password', 'current-password'],
    ['/account/reauthenticate password', 'current-password']
  ])

  async function passwordsOf (path: string) {
    const inputs = (await laptop.get(path)).body.match(/<input[^>]*password[^>]*>/g) ?? []
    return inputs.map(input => {
      t.match(input, 'type="password"', path)
      t.notMatch(input, /onpaste|readonly|value=/, path)
      return [`${path} ${/name="(\w+)"/.exec(input)![1]}`, /autocomplete="([\w-]+)"/.exec(input)![1]!] as [string, string]
    })
  }
})

t.test('every page of a user has the way out, and no page has a script', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  for (const path of ofVisitors) t.notMatch((await laptop.get(path)).body, /<script|javascript:|\son\w+=/, path)
  await laptop.signUp()
  for (const path of ofUsers) {
    const { body } = await laptop.get(path)
    t.match(body, /<form method="post" action="\/logout"><button[^>]*>Log out<\/button>/, path)
    t.notMatch(body, /<script|javascript:|\son\w+=/, path)
  }
})

t.test('a new service has no account that somebody else knows', async t => {
  const { app } = await openService(t)
  t.equal(await app.users.count(), 0)
})

t.test('every id of a session is another one, of 192 random bits', async t => {
  const { browser } = await openService(t)
  const ids = new Set<string>()
  const laptop = browser()
  await laptop.signUp()
  for (let login = 0; login < 20; login++) {
    await laptop.logIn()
    const [id = ''] = decodeURIComponent(laptop.cookies.get('session')!).split('.')
    t.equal(Buffer.from(id, 'base64url').length, 24)
    ids.add(id)
  }
  t.equal(ids.size, 20)
})
