import t from 'tap'
import { openService } from '../helper.ts'

t.test('logging out ends the session and clears the cookie', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const cookie = laptop.cookies.get('session')!
  t.match(await laptop.logOut(), { status: 303, location: '/login' })
  t.notOk(laptop.cookies.has('session'))
  const thief = browser()
  thief.cookies.set('session', cookie)
  t.notOk(await thief.isLoggedIn())
})

t.test('looking at the logout page changes nothing', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  t.match(await laptop.get('/logout'), { status: 200, body: /<form/ })
  t.ok(await laptop.isLoggedIn())
})

t.test('logging out without a session is fine, and clears what the browser holds', async t => {
  const { browser } = await openService(t)
  const answer = await browser().logOut()
  t.match(answer, { status: 303, location: '/login' })
  t.match(answer.setCookies, [/^session=; Max-Age=0; Path=\/;.*HttpOnly; SameSite=Lax$/])
})

t.test('one device logs out, the other stays', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  const phone = browser()
  await laptop.signUp()
  await phone.logIn()
  await phone.logOut()
  t.notOk(await phone.isLoggedIn())
  t.ok(await laptop.isLoggedIn())
})
