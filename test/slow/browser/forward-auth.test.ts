import t from 'tap'
import { openPlace } from '../../forward-auth/place.ts'
import { grace } from '../../helper.ts'
import { launchChromium } from './chromium.ts'
import { heading, logIn, logOut, openWindow, signUp } from './site.ts'

const chromium = await launchChromium(t)
const hello = `Hello, ${grace.first_name} ${grace.last_name}`

for (const javaScriptEnabled of [true, false]) {
  t.test(`through nginx, one login opens every application, and a logout closes them, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async t => {
    const { login, app, wiki } = await openPlace(t, 'nginx')
    const page = await openWindow(t, chromium, [login, app, wiki], { ignoreHTTPSErrors: true, javaScriptEnabled })
    await signUp(page)
    await logOut(page)
    await page.goto(`${app}/page?a=1&b=%2F`)
    t.match([page.url(), await heading(page)], [`${login}/login?next=`, 'Log in'])
    await logIn(page)
    t.strictSame([page.url(), await heading(page)], [`${app}/page?a=1&b=%2F`, hello])
    await page.goto(`${wiki}/`)
    t.strictSame([page.url(), await heading(page)], [`${wiki}/`, hello])
    await page.goto(login)
    await logOut(page)
    for (const host of [app, wiki]) {
      await page.goto(`${host}/`)
      t.match([page.url(), await heading(page)], [`${login}/login?next=`, 'Log in'])
    }
  })
}

t.test('a form on an application logs nobody out', async t => {
  const { login, app } = await openPlace(t, 'nginx')
  const page = await openWindow(t, chromium, [login, app], { ignoreHTTPSErrors: true })
  await signUp(page)
  await page.goto(`${app}/`)
  await page.setContent(`<form method="post" action="${login}/logout"><button>Win a prize</button></form>`)
  const answer = page.waitForResponse(`${login}/logout`)
  await page.getByRole('button').click()
  t.equal((await answer).status(), 403)
  await page.goto(`${app}/`)
  t.equal(await heading(page), hello)
})
