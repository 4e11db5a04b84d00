import t from 'tap'
import { launchChromium } from './chromium.ts'
import { errorPages, openError, visitorsPages } from './every-page.ts'
import { faultsOf } from './faults.ts'
import { sqliteIn } from '../../helper.ts'
import { openSite, signUp } from './site.ts'

const chromium = await launchChromium(t)

t.test('anyone can use the pages of a visitor, in light and dark, wide and narrow', async t => {
  const site = await openSite(t, chromium)
  await signUp(await site.window())
  const page = await site.window()
  for (const [name, open] of [...visitorsPages, ...errorPages]) {
    await open(page)
    t.same(await faultsOf(page), [], name)
  }
})

t.test('anyone can use the pages without a history, which many visitors from one address get', async t => {
  const { app, window } = await openSite(t, chromium)
  for (const remoteAddress of ['127.0.0.1', '::1']) await visitOften(remoteAddress)
  const page = await window()
  await page.goto('/')
  t.equal(await page.getByRole('region', { name: 'Pages you looked at' }).getByRole('listitem').count(), 0)
  t.same(await faultsOf(page), [])

  async function visitOften (remoteAddress: string) {
    for (let visits = 0; visits < 20; visits++) await app.inject({ url: '/', remoteAddress })
  }
})

t.test('anyone can use the page that says that the stores are down', async t => {
  const { app, window } = await openSite(t, chromium)
  const page = await window()
  await signUp(page)
  sqliteIn(app).close()
  await openError(page, '/dashboard', 503)
  t.same(await faultsOf(page), [])
})
