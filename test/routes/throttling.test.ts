import t from 'tap'
import { onEveryStore } from '../every-store.ts'
import { grace, openService } from '../helper.ts'

const wrong = 'not the password at all'

onEveryStore(t, async (t, settings) => {
  t.test('after five wrong passwords an account has to wait, and a right one is not confirmed meanwhile', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ password: wrong })).status, 401)
    const answers = await Promise.all([browser().logIn({ password: wrong }), browser().logIn()])
    for (const { status, headers, body, setCookies } of answers) {
      t.match({ status, headers, body, setCookies }, { status: 429, headers: { 'retry-after': /^1[0-5]$/ }, body: /Try again in 1\d seconds/, setCookies: [] })
    }
  })

  t.test('an account that does not exist waits alike', async t => {
    const { browser } = await openService(t, settings())
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ email: 'nobody@example.com' })).status, 401)
    t.equal((await browser().logIn({ email: 'nobody@example.com' })).status, 429)
    for (let guess = 1; guess <= 5; guess++) t.equal((await browser().logIn({ email: 'no address' })).status, 401)
    t.equal((await browser().logIn({ email: 'no address' })).status, 429)
  })

  t.test('a device that has logged in before is not locked out by strangers', async t => {
    const { browser } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    await laptop.logIn()
    await laptop.logOut()
    for (let guess = 1; guess <= 6; guess++) await browser().logIn({ password: wrong })
    t.equal((await browser().logIn()).status, 429)
    t.equal((await laptop.logIn()).status, 303)
  })

  t.test('a success begins the count anew', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    for (let round = 0; round < 3; round++) {
      for (let guess = 1; guess <= 4; guess++) t.equal((await browser().logIn({ password: wrong })).status, 401)
      t.equal((await browser().logIn()).status, 303)
    }
  })

  t.test('wrong passwords inside the account count like those at its door', async t => {
    const { browser, app } = await openService(t, settings())
    const laptop = browser()
    await laptop.signUp()
    laptop.cookies.delete('device')
    const tries = [
      laptop.submit('/account/confirm', { password: wrong }),
      laptop.submit('/account/delete', { current_password: wrong }),
      laptop.submit('/account/password', { current_password: wrong, new_password: 'another long enough phrase' })
    ]
    for (const answer of await Promise.all(tries)) t.equal(answer.status, 401)
    for (let guess = 4; guess <= 5; guess++) t.equal((await laptop.logIn({ password: wrong })).status, 401)
    t.equal((await laptop.submit('/account/confirm', { password: grace.password })).status, 429)
    await app.accountEvents.flush()
    t.match((await laptop.get('/account')).body, /throttled|Too many/i)
  })

  t.test('one address may offer thirty emails in a quarter of an hour, for new accounts and for its own', async t => {
    const { browser } = await openService(t, settings())
    const at = (address: string) => browser({ address })
    const office = at('2001:db8:1:1::1')
    await office.signUp()
    for (let offer = 2; offer <= 29; offer++) t.equal((await at(`2001:db8:1:1::${offer}`).signUp()).status, 409)
    t.equal((await office.submit('/account/email', { email: 'admiral@example.com', current_password: grace.password })).status, 303)
    t.equal((await office.submit('/account/email', { email: 'grace@example.com', current_password: grace.password })).status, 429)
    const answer = await at('2001:db8:1:1::99').signUp({ ...grace, email: 'ada@example.com' })
    t.match(answer, { status: 429, headers: { 'retry-after': /^(8\d\d|900)$/ }, setCookies: [], body: /too many sign-ups from your network.*Try again in 15 minutes/s })
    t.equal((await at('2001:db8:1:2::1').signUp({ ...grace, email: 'ada@example.com' })).status, 303, 'another network is not affected')
  })

  t.test('sign-ups with a mistake in them are counted too', async t => {
    const { browser } = await openService(t, settings())
    for (let mistake = 1; mistake <= 10; mistake++) t.equal((await browser().signUp({ ...grace, first_name: '' })).status, 400)
    for (let mistake = 11; mistake <= 20; mistake++) t.equal((await browser().signUp({ ...grace, password: 'passwordpassword' })).status, 400)
    for (let mistake = 21; mistake <= 30; mistake++) t.equal((await browser().submit('/signup', 'nothing=of&ours')).status, 400)
    t.equal((await browser().signUp()).status, 429)
  })

  t.test('a forged device token is nobody', async t => {
    const { browser } = await openService(t, settings())
    await browser().signUp()
    for (let guess = 1; guess <= 6; guess++) {
      const stranger = browser()
      stranger.cookies.set('device', `invented-${guess}.${'x'.repeat(43)}`)
      t.equal((await stranger.logIn({ password: wrong })).status, guess <= 5 ? 401 : 429)
    }
  })
})
