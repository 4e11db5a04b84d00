import t from 'tap'
import { endAllSessions } from '../../src/accounts/end-sessions.ts'
import { onSqliteAndRedis } from '../every-store.ts'
import { type Browser, DAY_MS, grace, HOUR_MS, MINUTE_MS, openService } from '../helper.ts'

const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
const safari = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1' }
const eve = { ...grace, email: 'eve@example.com' }

onSqliteAndRedis(t, async (t, settings) => {
  t.test('the devices page shows every session: which device, where, since when, last seen, kept or not; this one first', async t => {
    const { browser, time } = await openService(t, settings())
    const phone = browser({ headers: safari, address: '2001:db8::7' })
    const laptop = browser({ headers: firefox, address: '192.0.2.1' })
    await laptop.signUp()
    time.pass(HOUR_MS / 2)
    await phone.logIn({ remember: 'on' })
    time.pass(3 * MINUTE_MS)
    const [first, second, ...more] = await cardsOf(laptop)
    t.strictSame(more, [])
    t.match(first, ['Firefox on Linux', 'This device', 'just now', '192.0.2.1', 'No, closing the browser ends it'])
    t.match(second, ['Safari on iOS', '3 minutes ago', '2001:db8::7', 'Yes, also after the browser is closed'])
    const { body } = await laptop.get('/account/devices')
    t.match(body, `<time datetime="${new Date(time.at - 3 * MINUTE_MS).toISOString()}" title="`)
    const [own] = await cardsOf(phone)
    t.match(own, ['Safari on iOS', 'This device'])
  })

  t.test('revoking the phone logs out the phone, and only the phone', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, phone, tablet] = [browser(), browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await tablet.logIn()
    t.match(await laptop.submit(revoke(await ownHandle(phone))), { status: 303, location: '/account/devices' })
    t.notOk(await phone.isLoggedIn())
    t.notOk(phone.cookies.has('session'))
    t.ok(await laptop.isLoggedIn())
    t.ok(await tablet.isLoggedIn())
    t.equal((await cardsOf(laptop)).length, 2)
    t.match((await laptop.get('/account')).body, 'Logged out another device')
  })

  t.test('revoking this very device is logging out', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    const answer = await laptop.submit(revoke(await ownHandle(laptop)))
    t.match(answer, { status: 303, location: '/login', setCookies: [/^session=; Max-Age=0/] })
    t.notOk(laptop.cookies.has('session'))
    t.ok(await phone.isLoggedIn())
    t.match((await phone.get('/account')).body, 'Logged out')
  })

  t.test('revoking all others leaves this one', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, phone, tablet, eves] = [browser(), browser(), browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    await tablet.logIn()
    await eves.signUp(eve)
    for (let twice = 0; twice < 2; twice++) {
      t.match(await laptop.submit('/account/devices/revoke-others'), { status: 303, location: '/account/devices' })
    }
    t.notOk(await phone.isLoggedIn())
    t.notOk(await tablet.isLoggedIn())
    t.ok(await laptop.isLoggedIn())
    t.ok(await eves.isLoggedIn(), 'and everybody else')
    t.match((await laptop.get('/account/devices')).body, 'You are logged in nowhere else.')
    const { body } = await laptop.get('/account')
    t.equal(body.split('Logged out another device').length - 1, 1, 'the second time ended nothing')
  })

  t.test("another's device, an unknown one and what is no device get the same 404, and end nothing", async t => {
    const { browser } = await openService(t, settings())
    const [laptop, eves] = [browser(), browser()]
    await laptop.signUp()
    await eves.signUp(eve)
    const others = await ownHandle(eves)
    const strange = ['x'.repeat(43), 'a,b', `${others},${others}`, '[]', '%5B%22a%22%5D', '', '%00', '*', '__proto__', 'x'.repeat(101), 'x'.repeat(8000), others.toLowerCase(), `${others}%20`]
    const expected = await laptop.submit(revoke(others))
    t.equal(expected.status, 404)
    for (const handle of strange) {
      const { status, body } = await laptop.submit(revoke(handle))
      t.strictSame({ status, body }, { status: 404, body: expected.body }, handle.slice(0, 60))
    }
    t.ok(await eves.isLoggedIn())
    t.ok(await laptop.isLoggedIn())
  })

  t.test('a device that is revoked already is not there', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await phone.logIn()
    const handle = await ownHandle(phone)
    t.equal((await laptop.submit(revoke(handle))).status, 303)
    t.equal((await laptop.submit(revoke(handle))).status, 404)
  })

  t.test('a handle in the place of the cookie opens nothing', async t => {
    const { browser } = await openService(t, settings())
    const [laptop, thief] = [browser(), browser()]
    await laptop.signUp()
    const handle = await ownHandle(laptop)
    const signature = decodeURIComponent(laptop.cookies.get('session')!).split('.')[1]!
    for (const cookie of [handle, `${handle}.${handle}`, encodeURIComponent(`${handle}.${signature}`)]) {
      thief.cookies.set('session', cookie)
      t.notOk(await thief.isLoggedIn())
    }
    t.notMatch((await laptop.get('/account/devices')).body, laptop.cookies.get('session')!.split('.')[0], 'and the page holds no id')
  })

  t.test('what a browser says of itself is cut, shown as text, and not kept', async t => {
    const { browser, app } = await openService(t, settings())
    const agents = ['<b>bold</b>/1.0 x', `${'W'.repeat(300)}/1.0 x`, `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 ${'x'.repeat(8000)}`]
    for (const [index, agent] of agents.entries()) await browser({ headers: { 'user-agent': agent } }).signUp({ ...grace, email: `${index}@example.com` })
    const laptop = browser({ headers: { 'user-agent': agents[0]! } })
    await laptop.logIn({ email: '0@example.com' })
    for (const path of ['/account', '/account/devices']) {
      const { body } = await laptop.get(path)
      t.notMatch(body, '<b>')
      t.match(body, '&lt;b&gt;bold')
    }
    const kept = await Promise.all(agents.map(async (_agent, index) => {
      const { id } = (await app.users.findByEmail(`${index}@example.com`))!
      return (await app.sessions.listOf(id)).map(({ client }) => client?.device)
    }))
    t.strictSame(kept[1], ['W'.repeat(60)])
    t.strictSame(kept[2], ['Firefox on Linux'])
  })

  t.test('a session beyond its limits, or of before an outage, is not shown', async t => {
    const { browser, time, app } = await openService(t, settings())
    const [laptop, phone] = [browser(), browser()]
    await laptop.signUp()
    await laptop.logIn({ remember: 'on' })
    await phone.logIn()
    t.equal((await cardsOf(laptop)).length, 2)
    time.pass(HOUR_MS)
    t.equal((await cardsOf(laptop)).length, 1)
    await phone.logIn()
    t.equal((await cardsOf(laptop)).length, 2)
    const { id } = (await app.users.findByEmail(grace.email))!
    await endAllSessions(app.transact, { id })
    await laptop.logIn({ remember: 'on' })
    t.equal((await cardsOf(laptop)).length, 1, 'nor one of an epoch before')
    time.pass(29 * DAY_MS)
    t.equal((await cardsOf(laptop)).length, 1)
  })

  t.test('nobody logged in: the login comes first, and nothing is revoked', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const handle = await ownHandle(laptop)
    const visitor = browser()
    t.match(await visitor.get('/account/devices'), { status: 303, location: '/login?next=%2Faccount%2Fdevices' })
    t.match(await visitor.submit(revoke(handle)), { status: 303, location: '/login' })
    t.match(await visitor.submit('/account/devices/revoke-others'), { status: 303, location: '/login' })
    t.ok(await laptop.isLoggedIn())
  })
})

const revoke = (handle: string) => `/account/devices/${handle}/revoke`

/** Each browser finds itself first on the page. */
async function ownHandle (browser: Browser): Promise<string> {
  const { body } = await browser.get('/account/devices')
  return /\/account\/devices\/([\w-]{43})\/revoke/.exec(body)![1]!
}

/** The texts of each card, without the labels and the button that names the device again. */
async function cardsOf (browser: Browser): Promise<string[][]> {
  const { body } = await browser.get('/account/devices')
  const cards = body.split('<li class="card">').slice(1).map(card => card.split('</li>')[0]!)
  return cards.map(card => [...card.matchAll(/>([^<]+)</g)].map(([, text]) => text!.trim()).filter(text => text !== '' && !/^(Last seen|Logged in|Address|Kept on this device|\d+ \w+ \d{4} at .*|Log out)$/.test(text)).slice(0, -1))
}
