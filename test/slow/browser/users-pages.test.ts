import t from 'tap'
import { launchChromium } from './chromium.ts'
import { usersPages } from './every-page.ts'
import { faultsOf } from './faults.ts'
import { logIn, openSite, signUp } from './site.ts'

const chromium = await launchChromium(t)

t.test('anyone can use the pages of a user, in light and dark, wide and narrow', async t => {
  const { window } = await openSite(t, chromium)
  const page = await window()
  await signUp(page)
  const phone = await window()
  await phone.goto('/login')
  await logIn(phone, { remember: true })
  for (const [name, open] of usersPages) {
    await open(page)
    t.same(await faultsOf(page), [], name)
  }
})
