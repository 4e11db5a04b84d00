import t from 'tap'
import { createUser } from '../create-user.ts'
import { onEveryStore } from '../every-store.ts'
import { type Answer, type Browser, grace, MINUTE_MS, openService, rowsOf, type Service } from '../helper.ts'

const wrong = 'not the password at all'
const ada = { ...grace, first_name: 'Ada', email: 'ada@example.com' }

/** So many wrong passwords, each as soon as it is admitted. */
async function guess ({ browser, time }: Service, times: number, login: Record<string, string> = {}) {
  for (let admitted = 0; admitted < times;) {
    const { status, headers } = await browser({ address: `10.${times % 250}.${admitted}.1` }).logIn({ password: wrong, ...login })
    if (status === 401) admitted++
    else time.pass(Number(headers['retry-after']) * 1000)
  }
}

const retryAfter = ({ headers }: Answer) => Number(headers['retry-after'])
const deviceName = ({ cookies }: Browser) => cookies.get('device')?.split('.')[0]

onEveryStore(t, async (t, settings) => {
  t.test('after five wrong passwords an account has to wait, and a right one is not confirmed meanwhile', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ password: wrong })).status, 401)
    const answers = await Promise.all([browser().logIn({ password: wrong }), browser().logIn()])
    for (const { status, headers, body, setCookies } of answers) {
      t.match({ status, headers, body, setCookies }, { status: 429, headers: { 'retry-after': /^15$/ }, body: /Try again in 15 seconds/, setCookies: [] })
    }
  })

  t.test('an account that does not exist waits alike', async t => {
    const { browser } = await openService(t, settings())
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ email: 'nobody@example.com' })).status, 401)
    t.equal((await browser().logIn({ email: 'nobody@example.com' })).status, 429)
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ email: 'no address' })).status, 401)
    t.equal((await browser().logIn({ email: 'no address' })).status, 429)
  })

  t.test('after a hundred guesses of strangers the owner gets in: at once on a known device, within an hour elsewhere', async t => {
    const service = await openService(t, settings())
    const [laptop, another] = [service.browser(), service.browser()]
    await laptop.signUp()
    await guess(service, 100)
    t.equal((await laptop.logIn()).status, 303)
    const wait = retryAfter(await another.logIn())
    t.ok(wait > 0 && wait <= 3600, `${wait} seconds`)
    service.time.pass(wait * 1000)
    t.equal((await another.logIn()).status, 303)
    t.equal((await service.browser().logIn()).status, 303, 'and the count begins anew')
  })

  t.test('guesses at an email that has no account yet keep nobody from signing up and logging in', async t => {
    const service = await openService(t, settings())
    await guess(service, 100)
    t.equal((await service.browser().signUp()).status, 303)
    t.equal((await service.browser().logIn()).status, 303)
  })

  t.test('a stranger behind the same address holds up unknown browsers there, never a known device', async t => {
    const { browser } = await openService(t, settings())
    const at = (address = '203.0.113.7') => browser({ address })
    const laptop = at()
    await laptop.signUp()
    await laptop.logOut()
    for (let guess = 1; guess <= 100; guess++) await at().logIn({ email: `person-${guess}@example.com` })
    t.equal((await at().logIn()).status, 429)
    t.equal((await laptop.logIn()).status, 303)
    t.equal((await laptop.submit('/account/reauthenticate', { password: grace.password })).status, 303, 'nor when it confirms its password')
    t.equal((await at('203.0.113.8').logIn()).status, 303)
  })

  t.test('when everybody has used up the attempts of a minute, a known device logs in', async t => {
    const { app, browser, time } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const flood = (at: number) => app.loginAttempts.consume({ email: `person-${at}@example.com`, userId: null }, `10.${at >> 5}.${at & 31}.1`)
    for (let at = 0; at < 600; at += 20) await Promise.all(Array.from({ length: 20 }, (_, more) => flood(at + more)))
    const answer = await browser().logIn()
    t.equal(answer.status, 429)
    t.ok(retryAfter(answer) <= 60)
    t.equal((await laptop.logIn()).status, 303)
    time.pass(MINUTE_MS)
    t.equal((await browser().logIn()).status, 303)
  })

  t.test('ten wrong passwords make a device unknown, until its next login', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    await guess(service, 5)
    for (let attempt = 1; attempt <= 10; attempt++) t.equal((await laptop.logIn({ password: wrong })).status, 401)
    t.equal((await laptop.logIn()).status, 429, 'it waits like any other browser')
    service.time.pass(15_000)
    t.equal((await laptop.logIn()).status, 303)
    await guess(service, 5)
    t.equal((await laptop.logIn()).status, 303)
  })

  t.test('an account has five known devices: a sixth login replaces the one not used for the longest time', async t => {
    const service = await openService(t, settings())
    const devices = Array.from({ length: 6 }, () => service.browser())
    await devices[0]!.signUp()
    for (const device of devices.slice(1)) {
      service.time.pass(1000)
      await device.logIn()
    }
    await guess(service, 5)
    const answers: number[] = []
    for (const device of devices) answers.push((await device.logIn({ password: wrong })).status)
    t.strictSame(answers, [429, 401, 401, 401, 401, 401])
  })

  t.test('thirty logins of one browser are one device, with ten wrong passwords in all', async t => {
    const service = await openService(t, settings())
    const laptop = service.browser()
    await laptop.signUp()
    const [name, copies] = [deviceName(laptop), [] as string[]]
    for (let login = 1; login <= 30; login++) {
      t.equal((await laptop.logIn()).status, 303)
      copies.push(laptop.cookies.get('device')!)
    }
    t.equal(deviceName(laptop), name)
    await guess(service, 5)
    let admitted = 0
    for (const copy of copies) {
      const thief = service.browser()
      thief.cookies.set('device', copy)
      if ((await thief.logIn({ password: wrong })).status === 401) admitted++
    }
    t.equal(admitted, 10)
  })

  t.test('a changed password ends every device token, and the browser that changed it has a new one', async t => {
    const service = await openService(t, settings())
    const [laptop, phone] = [service.browser(), service.browser()]
    await laptop.signUp()
    await phone.logIn()
    const [before, name] = [laptop.cookies.get('device')!, deviceName(laptop)]
    const password = 'another long enough phrase'
    t.equal((await laptop.submit('/account/password', { current_password: grace.password, new_password: password })).status, 303)
    t.equal(deviceName(laptop), name)
    await guess(service, 5)
    t.equal((await phone.logIn({ password })).status, 429)
    const thief = service.browser()
    thief.cookies.set('device', before)
    t.equal((await thief.logIn({ password })).status, 429)
    t.equal((await laptop.logIn({ password })).status, 303)
  })

  t.test('whoever has a session and no password guesses no more often by logging out all others', async t => {
    for (const [cookies, guesses] of Object.entries({ 'session device': 10 + 5, session: 5 })) {
      const laptop = (await openService(t, settings())).browser()
      await laptop.signUp()
      if (!cookies.includes('device')) laptop.cookies.delete('device')
      let admitted = 0
      for (let round = 0; round < 3; round++) {
        t.match(await laptop.submit('/account/devices/revoke-others'), { status: 303, location: '/account/devices' })
        for (let guess = 0; guess < 9; guess++) if ((await laptop.submit('/account/reauthenticate', { password: wrong })).status === 401) admitted++
      }
      t.equal(admitted, guesses, cookies)
    }
  })

  t.test('the browser of an email\'s former owner is unknown to its later owner\'s account', async t => {
    const service = await openService(t, settings())
    const [former, later] = [service.browser(), service.browser()]
    await former.signUp()
    t.equal((await former.submit('/account/delete', { current_password: grace.password })).status, 303)
    t.equal((await later.signUp()).status, 303)
    await guess(service, 5)
    t.equal((await former.logIn({ password: wrong })).status, 429)
    t.equal((await later.logIn({ password: wrong })).status, 401)
  })

  t.test('a forged device token is nobody', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    const forged = [`invented.${'x'.repeat(43)}`, laptop.cookies.get('device')!.replace(/.$/, '~'), laptop.cookies.get('device')!.replace(/\.1\./, '.2.')]
    for (let guess = 1; guess <= 6; guess++) {
      const stranger = browser()
      stranger.cookies.set('device', forged[guess % forged.length]!)
      t.equal((await stranger.logIn({ password: wrong })).status, guess <= 5 ? 401 : 429)
    }
  })

  t.test('a success begins the count anew', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    for (let round = 0; round < 3; round++) {
      for (let guess = 1; guess <= 4; guess++) t.equal((await browser().logIn({ password: wrong })).status, 401)
      t.equal((await browser().logIn()).status, 303)
    }
  })

  t.test('a login that is answered 503 does not count', async t => {
    const { app, browser } = await openService(t, { ...await settings(), PUBLIC_URL: 'https://login.example.com' })
    const { email, password } = grace
    const passwordHash = await app.admission.run(null, passwords => passwords.hash(password))
    await createUser(app.database.transact, { email, passwordHash })
    const overHttp = browser({ headers: { host: 'login.example.com' } })
    for (let login = 1; login <= 10; login++) t.equal((await overHttp.logIn()).status, 503)
    for (let guess = 1; guess <= 6; guess++) t.equal((await overHttp.logIn({ password: wrong })).status, guess <= 5 ? 401 : 429)
  })

  t.test('a refusal writes nothing', async t => {
    const service = await openService(t, settings())
    await service.browser().signUp()
    await guess(service, 5)
    const content = async () => {
      await service.app.accountEvents.flush()
      const { redis } = service.app
      const keys = (await redis?.keys('*') ?? []).toSorted()
      const values = await Promise.all(keys.map(async key => [key, (await redis!.dumpBuffer(key)).toString('hex')]))
      return [values, ...await Promise.all(['throttle', 'known_devices', 'account_events', 'sessions'].map(table => rowsOf(service, `select * from ${table}`)))]
    }
    const before = await content()
    for (const email of [grace.email, 'GRACE@example.com']) t.equal((await service.browser().logIn({ email })).status, 429)
    t.strictSame(await content(), before)
  })

  t.test('wrong passwords inside the account count like those at its door, and the user is told of the wait once', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    laptop.cookies.delete('device')
    const tries = [
      laptop.submit('/account/reauthenticate', { password: wrong }),
      laptop.submit('/account/delete', { current_password: wrong }),
      laptop.submit('/account/password', { current_password: wrong, new_password: 'another long enough phrase' })
    ]
    for (const answer of await Promise.all(tries)) t.equal(answer.status, 401)
    for (let guess = 4; guess <= 5; guess++) t.equal((await laptop.logIn({ password: wrong })).status, 401)
    for (let more = 1; more <= 3; more++) t.equal((await laptop.submit('/account/reauthenticate', { password: grace.password })).status, 429)
    t.equal((await laptop.get('/account')).body.match(/Logins held back/g)?.length, 1)
  })

  t.test('one address may send sixty forms with an email in a quarter of an hour, for new accounts and for its own', async t => {
    const { browser } = await openService(t, settings())
    const at = (address: string) => browser({ address })
    const office = at('2001:db8:1:1::1')
    await office.signUp()
    for (let form = 2; form <= 40; form++) t.equal((await at(`2001:db8:1:1::${form}`).signUp()).status, 409)
    for (let form = 41; form <= 58; form++) t.equal((await at(`2001:db8:1:1::${form}`).signUp({ ...grace, first_name: '' })).status, 400)
    t.equal((await office.submit('/account/email', { email: 'commodore@example.com', current_password: grace.password })).status, 303)
    t.equal((await office.submit('/account/email', { email: 'admiral@example.com', current_password: grace.password })).status, 303)
    t.equal((await office.submit('/account/email', { email: 'commodore@example.com', current_password: grace.password })).status, 429)
    t.equal((await at('2001:db8:1:1::98').signUp({ ...grace, first_name: '' })).status, 429, 'a form with mistakes too')
    const answer = await at('2001:db8:1:1::99').signUp(ada)
    t.match(answer, { status: 429, setCookies: [], body: /too many sign-ups from your network/ })
    t.ok(retryAfter(answer) <= 900)
    t.equal((await at('2001:db8:1:100::1').signUp(ada)).status, 303, 'another network is not affected')
  })
})
