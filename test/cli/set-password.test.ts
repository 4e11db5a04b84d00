import t from 'tap'
import { onEveryStore } from '../every-store.ts'
import { grace, openService } from '../helper.ts'
import { latchkey, type Surroundings } from './shell.ts'

const password = 'compilers were said to be impossible'

t.test('with a new password every session ends, and only the new one logs in', t => onEveryStore(t, async (t, settings) => {
  const service = await openService(t, settings())
  const [laptop, phone] = [service.browser(), service.browser()]
  await laptop.signUp()
  await phone.logIn()
  t.match(await latchkey(service, 'users set-password grace@example.com', { input: `${password}\nnot part of it\n` }),
    { code: 0, out: 'grace@example.com has the new password, 2 sessions ended.\n', err: '' })
  t.match([await laptop.isLoggedIn(), await phone.isLoggedIn()], [false, false])
  t.equal((await laptop.logIn()).status, 401)
  t.equal((await laptop.logIn({ password })).status, 303)
}))

t.test('the first line, as other programs write it', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  const inputs: Record<string, string | Buffer> = {
    'without a line end': `${password} 1`,
    'with the line end of Windows': `${password} 2\r\nmore`,
    'with a byte order mark': `\ufeff${password} 3\n`,
    'with spaces around it, which are part of it': `  ${password} 4 \n`,
    'with what is no text after it': Buffer.concat([Buffer.from(`${password} 5\n`), Buffer.from([0xff, 0xfe])])
  }
  for (const [how, input] of Object.entries(inputs)) {
    const said = await latchkey(service, 'users set-password grace@example.com --json', { input })
    t.match(said.json(), { email: grace.email }, how)
    const line = String(input).replace('\ufeff', '').split(/\r?\n/)[0]!
    t.equal((await laptop.logIn({ password: line })).status, 303, how)
  }
})

t.test('a password that no form could send is refused', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  const inputs = { '\0': 'control characters', '\t': 'control characters', '\r': 'control characters', '\u007f': 'control characters', '\u0085': 'control characters', '\ufffd': 'text that is not UTF-8' }
  for (const [character, problem] of Object.entries(inputs)) {
    const said = await latchkey(service, 'users set-password grace@example.com', { input: `${password}${character}more\n` })
    t.match(said, { code: 1, out: '', err: `No login accepts a password with ${problem}. Nothing was changed.\n` }, JSON.stringify(character))
  }
  t.ok(await laptop.isLoggedIn())
})

t.test('on a terminal it is typed twice, and seen never', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  const type = (input: string) => latchkey(service, 'users set-password grace@example.com', { terminal: true, input })
  t.match(await type(`wrong\u007f\u007f\u007f\u007f\u007f${password}\r${password}\r`), {
    code: 0, out: /^grace@example\.com has the new password/, err: 'New password: \nRepeat it: \n'
  })
  t.equal((await laptop.logIn({ password })).status, 303)

  t.match(await type(`${password} a\r${password} b\r`), { code: 1, out: '', err: /\nThe passwords differ\. Nothing was changed\.\n$/ })
  for (const end of ['\u0003', '\u0004', `${password}\r\u0003`]) {
    t.match(await type(end), { code: 1, out: '', err: /\nNothing was changed\.\n$/ }, JSON.stringify(end))
  }
  t.ok(await laptop.isLoggedIn())
})

t.test('a password that is not taken changes nothing', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  const refused: Array<[Surroundings['input'], RegExp]> = [
    ['', /^Choose a password of at least 15 characters\. Nothing was changed\.\n$/],
    ['too short\n', /^Choose a password of at least 15 characters\./],
    ['grace@example.com\n', /^This password is mostly your name/],
    ['x'.repeat(200_000), /^This password is too long/],
    [Buffer.from([0x61, 0xff, 0x0a]), /^Standard input is not UTF-8\. Nothing was changed\.\n$/]
  ]
  for (const [input, err] of refused) {
    t.match(await latchkey(service, 'users set-password grace@example.com', { ...(input === undefined ? {} : { input }) }), { code: 1, out: '', err })
  }
  t.ok(await laptop.isLoggedIn())
  t.equal((await laptop.logIn()).status, 303)
})
