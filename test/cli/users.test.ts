import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
import { deleteAccount } from '../../src/accounts/delete-account.ts'
import { createUser } from '../create-user.ts'
import { onSqliteAndRedis, redisSettings } from '../every-store.ts'
import { freePort } from '../free-port.ts'
import { type Browser, grace, openService, sqliteIn } from '../helper.ts'
import { newRedisDatabase } from '../redis-server.ts'
import { latchkey } from './shell.ts'

const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', password: 'poetical science of numbers' }

t.test('what an operator does to a user holds at the next click', t => onSqliteAndRedis(t, async (t, settings) => {
  t.test('disabled at the shell, out at the next click, and back in only after a new login', async t => {
    const service = await openService(t, settings())
    const [laptop, phone, other] = [service.browser(), service.browser(), service.browser()]
    await laptop.signUp()
    await phone.logIn()
    await other.signUp(ada)
    t.match(await latchkey(service, 'users disable Grace@EXAMPLE.com'), { code: 0, out: 'grace@example.com is disabled, 2 sessions ended.\n', err: '' })
    t.match([await laptop.isLoggedIn(), await phone.isLoggedIn(), await other.isLoggedIn()], [false, false, true])
    t.equal((await laptop.logIn()).status, 401)

    t.match(await latchkey(service, 'users enable grace@example.com'), { code: 0, out: 'grace@example.com is enabled.\n', err: '' })
    t.notOk(await phone.isLoggedIn(), 'no session comes back')
    t.equal((await laptop.logIn()).status, 303)
  })

  t.test('deleted at the shell, gone', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    t.match(await latchkey(service, 'users delete grace@example.com --yes'), { code: 0, out: 'grace@example.com is deleted, 1 session ended.\n', err: '' })
    t.notOk(await laptop.isLoggedIn())
    t.equal((await laptop.logIn()).status, 401)
    t.equal((await latchkey(service, 'users show grace@example.com')).code, 1)
    t.equal((await laptop.signUp()).status, 303, 'the email is free')
  })

  t.test('the question before a deletion is a real one', async t => {
    const service = await openService(t, settings())
    await service.browser().signUp()
    const ask = (input: string) => latchkey(service, 'users delete grace@example.com', { terminal: true, input })
    for (const no of ['n\r', '\r', 'yesterday\r', '\u0003', '\u0004']) {
      const { code, out, err } = await ask(no)
      t.match({ code, out, err }, { code: 1, out: '', err: /^.*Delete grace@example.com with their history and sessions\? This can't be undone\. \[y\/N\] [^]*\nNothing was changed\.\n$/ }, JSON.stringify(no))
    }
    t.equal((await latchkey(service, 'users show grace@example.com')).code, 0)
    t.match(await ask(' Yes\r'), { code: 0, out: 'grace@example.com is deleted, 1 session ended.\n' })
  })

  t.test('a program gets one value', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    const user = (await latchkey(service, 'users show grace@example.com --json')).json<Record<string, string>>()
    t.strictSame(Object.keys(user), ['id', 'email', 'firstName', 'lastName', 'disabledAt', 'createdAt', 'updatedAt'])
    t.match(user, { email: 'grace@example.com', firstName: 'Grace', lastName: 'Hopper', disabledAt: null, createdAt: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ })
    t.strictSame((await latchkey(service, 'users list --json')).json(), [user])
    const { id, email } = user
    t.strictSame((await latchkey(service, `users disable ${id} --json`)).json(), { id, email, sessionsEnded: 1 })
    t.match((await latchkey(service, 'users list')).out, /^grace@example\.com {2}Grace Hopper {2}[\d-]{10} {2}disabled$/m)
    t.match((await latchkey(service, 'users list --json')).json(), [{ disabledAt: new Date(service.time.at).toISOString() }])
    t.strictSame((await latchkey(service, `users enable ${id} --json`)).json(), { id, email })
    t.strictSame((await latchkey(service, `users delete ${id} --yes --json`)).json(), { id, email, sessionsEnded: 0 })
    t.strictSame((await latchkey(service, 'users list --json')).json(), [])
  })
}))

/** Without the store to tell of it, a service that was asked a moment ago finds out when it looks again. */
async function untilOut (browser: Browser) {
  while (await browser.isLoggedIn()) await after(20)
}

t.test('with the session store down a user is out all the same, and the operator is told', async t => {
  const service = await openService(t, redisSettings(await newRedisDatabase(t)))
  const redisUrl = `redis://:hunter2@127.0.0.1:${await freePort()}`
  const down = { settings: () => ({ ...service.app.config, redisUrl }) }
  const warning = 'Warning: the store does not answer (SESSIONS_UNAVAILABLE), so ended sessions still lie in it. They are dead all the same: within two seconds none of them logs anybody in.\n'
  const attemptsKept = 'Warning: the store does not answer (SESSIONS_UNAVAILABLE), so failed attempts at this account may still hold up its logins.\n'
  const laptop = service.browser()
  await laptop.signUp()

  for (const command of ['users disable', 'users enable', 'sessions revoke --yes --user', 'users delete --yes']) {
    await laptop.logIn()
    const isEnding = command !== 'users enable'
    t.equal(await laptop.isLoggedIn(), isEnding)
    const { code, out, err } = await latchkey(service, `${command} grace@example.com`, down)
    t.strictSame({ code, err }, { code: 0, err: isEnding ? warning : attemptsKept }, command)
    if (isEnding) t.match(out, /^grace@example\.com is .+, every session ended\.\n$/)
    await untilOut(laptop)
  }
  await laptop.signUp()
  t.match(await latchkey(service, 'sessions revoke --all --yes --json', down), { code: 0, out: '{\n  "users": 1,\n  "sessionsEnded": null\n}\n', err: warning })
  await untilOut(laptop)

  for (const command of ['sessions list --user grace@example.com', `sessions revoke ${'a'.repeat(43)}`]) {
    t.match(await latchkey(service, command, down), { code: 1, out: '', err: 'Sessions cannot be read right now.\n' }, command)
  }
  t.match(await latchkey(service, 'users list', down), { code: 0, err: '' }, 'what concerns only users works')
})

t.test('a user removed while the operator was being asked', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  const { id } = (await service.app.users.findByEmail(grace.email))!
  const when = { says: '[y/N]', then: () => deleteAccount(service.app.transact, { id }) }
  const said = await latchkey(service, `users delete ${id}`, { terminal: true, input: 'y\r', when })
  t.equal(said.code, 1)
  t.match(said.err, /The user is gone; somebody else removed them just now\.\n$/)
})

t.test('nobody by that name', async t => {
  const service = await openService(t)
  for (const command of ['users show', 'users disable', 'users enable', 'users delete --yes', 'users set-password', 'sessions list --user', 'sessions revoke --yes --user']) {
    for (const name of ['nobody@example.com', 'AAAAAAAAAAAAAAAAAAAAAA', '-AAAAAAAAAAAAAAAAAAAAA', 'grace']) {
      t.match(await latchkey(service, `${command} ${name}`), { code: 1, out: '', err: `There is no user ${name}.\n` }, `${command} ${name}`)
    }
  }
})

t.test('a table of users fits a terminal and is whole in a pipe', async t => {
  const service = await openService(t)
  const { app, time } = service
  const long = `${'x'.repeat(60)}@${'y'.repeat(60)}.example`
  const people = [
    { firstName: 'Grace', lastName: 'Hopper', email: 'a@example.com' },
    { firstName: '明子', lastName: '山田'.repeat(20), email: 'b@example.com' },
    { firstName: 'Max', lastName: 'Long', email: long }
  ]
  for (const person of people) await createUser(app.transact, person, app.now())
  const day = new Date(time.at).toISOString().slice(0, 10)

  const piped = (await latchkey(service, 'users list')).out.split('\n')
  t.match(piped[0], /^EMAIL +NAME +SINCE +STATE$/)
  t.match(piped[3], `${long}  Max Long`)
  const shown = (await latchkey(service, 'users list', { terminal: true, columns: 80 })).out.split('\n')
  t.match(shown[1], new RegExp(`^a@example\\.com +Grace Hopper +${day}  enabled$`))
  t.match(shown[2], new RegExp(`^b@example\\.com +明子 山田山[山田]*… {2,3}${day}  enabled$`))
  t.match(shown[3], new RegExp(`^x+…  Max Long +${day}  enabled$`))
  // A terminal draws these letters two cells wide.
  const cells = shown.slice(1, 4).map(line => line.length + [...line.matchAll(/\p{Script=Han}/gu)].length)
  t.strictSame(cells, [80, 80, 80], 'as wide as the terminal, and no wider')
  const narrow = (await latchkey(service, 'users list', { terminal: true, columns: 10 })).out.split('\n')
  t.match(narrow[3], /^xxxxxxx… {2}Max Long {2}[\d-]{10} {2}enabled$/, 'cut no further than it says something')
  t.equal((await latchkey(service, 'users list', { terminal: true })).out, shown.join('\n'), '80 columns where the terminal does not tell')
})

t.test('everybody is listed, however many there are', async t => {
  const service = await openService(t)
  const { transact } = service.app
  const sqlite = sqliteIn(service.app)
  sqlite.exec('begin')
  for (let at = 0; at < 450; at++) await createUser(transact, { email: `${at}@example.com` })
  sqlite.exec('commit')
  const listed = (await latchkey(service, 'users list --json')).json<Array<{ email: string }>>().map(({ email }) => email)
  t.equal(new Set(listed).size, 450)
  t.strictSame(listed, listed.toSorted())
})

t.test('a name cannot write on the operator\'s terminal', async t => {
  const service = await openService(t)
  const commands = ['\u001b', '\u009b', '\u202e', '\u2028', '\r']
  const evil = 'Eve\u001b[2J\u009b1m\u202emoc\n\u2028\r'
  await createUser(service.app.transact, { firstName: evil, lastName: '👩‍🚀', email: 'eve@example.com' })
  for (const command of ['users list', 'users show eve@example.com']) {
    const { out } = await latchkey(service, command, { terminal: true, columns: 200 })
    t.match(out, 'Eve�[2J�1m�moc��� 👩‍🚀')
    t.notOk(commands.some(command => out.includes(command)))
  }
  const asked = await latchkey(service, 'users show eve@example.com --json')
  t.equal(asked.json<{ firstName: string }>().firstName, evil, 'a program reads it as it is')
  t.notOk(commands.some(command => asked.out.includes(command)))
  t.notMatch((await latchkey(service, 'users show \u001b[2J')).err, '\u001b')
})

t.test('one user, for people', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  const { id } = (await service.app.users.findByEmail(grace.email))!
  const since = `${new Date(service.time.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  t.equal((await latchkey(service, `users show ${id}`)).out,
    `id       ${id}\nemail    grace@example.com\nname     Grace Hopper\nsince    ${since}\nchanged  ${since}\nstate    enabled\n`)
  await latchkey(service, `users disable ${id}`)
  t.match((await latchkey(service, `users show ${id}`)).out, `state    disabled since ${since}\n`)
})
