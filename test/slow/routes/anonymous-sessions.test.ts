import t from 'tap'
import { openService, sqliteIn } from '../../helper.ts'

t.test('ten thousand visitors from everywhere have a session, the next gets the page, and whoever is logged in keeps theirs', async t => {
  const { browser, app, log } = await openService(t)
  const ada = browser()
  await ada.signUp()
  const count = () => sqliteIn(app).prepare('select count(*) from sessions').pluck().get()
  const before = Number(count())
  for (let one = 0; one < 10_000; one++) await app.inject({ url: '/contact', remoteAddress: `2001:db8:0:${one.toString(16)}::1` })
  t.equal(Number(count()) - before, 10_000)
  const late = await browser({ address: '198.51.100.1' }).get('/')
  t.equal(late.status, 200)
  t.match(late.body, 'No pages are remembered for you right now')
  t.strictSame(late.setCookies, [])
  t.equal(Number(count()) - before, 10_000)
  t.equal(log.filter(({ msg }) => msg.startsWith('too many anonymous sessions')).length, 1)
  t.match((await ada.get('/about')).body, '<time')
  const phone = browser({ address: '198.51.100.2' })
  await phone.logIn()
  t.ok(await phone.isLoggedIn())
})
