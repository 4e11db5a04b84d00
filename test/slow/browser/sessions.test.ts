import t from 'tap'
import type { Page } from 'playwright-core'
import { DAY_MS, grace } from '../../helper.ts'
import { startRedisServer } from '../../redis-server.ts'
import { launchChromium } from './chromium.ts'
import { cookieOf, goBack, goForward, heading, logIn, logOut, openSite, pathOf, signUp } from './site.ts'

const chromium = await launchChromium(t)

const onlyOnTheDashboard = new RegExp(`Welcome|${grace.last_name}|${grace.email}`)

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript'

  t.test(`one signs up, logs out and logs in again, ${script}`, async t => {
    const page = await (await openSite(t, chromium)).window({ javaScriptEnabled })
    await signUp(page)
    t.equal(pathOf(page), '/dashboard')
    t.equal(await heading(page), `Welcome, ${grace.first_name}`)
    await logOut(page)
    t.same((await page.context().cookies()).map(({ name }) => name), ['device'], 'the browser keeps nothing of the session')
    await logIn(page)
    t.equal(pathOf(page), '/dashboard')
    t.equal(await heading(page), `Welcome, ${grace.first_name}`)
  })

  t.test(`after the logout, the back button shows nothing of the dashboard, ${script}`, async t => {
    const page = await (await openSite(t, chromium)).window({ javaScriptEnabled })
    await signUp(page)
    await page.getByRole('link', { name: 'About' }).click()
    await page.waitForURL('/about')
    await logOut(page)
    for (const path of ['/about', '/login?next=%2Fdashboard', '/signup']) {
      await goBack(page)
      t.equal(pathOf(page), path)
      t.notMatch(await page.content(), onlyOnTheDashboard, path)
    }
    await goForward(page)
    t.equal(pathOf(page), '/login?next=%2Fdashboard')
    t.notMatch(await page.content(), onlyOnTheDashboard)
  })
}

t.test('after a logout in another tab, the back button shows nothing of the dashboard', async t => {
  const page = await (await openSite(t, chromium)).window()
  await signUp(page)
  await page.getByRole('link', { name: 'About' }).click()
  await page.waitForURL('/about')
  const tab = await page.context().newPage()
  await tab.goto('/dashboard')
  await logOut(tab)
  await goBack(page)
  t.equal(pathOf(page), '/login?next=%2Fdashboard')
  t.notMatch(await page.content(), onlyOnTheDashboard)
})

t.test('the login leads back to the page that was asked for, also after a wrong password', async t => {
  const page = await (await openSite(t, chromium)).window({ javaScriptEnabled: false })
  await signUp(page)
  await logOut(page)
  await page.goto('/dashboard?from=a+letter')
  t.equal(await heading(page), 'Log in')
  await logIn(page, { password: 'not the password at all' })
  t.equal(await heading(page), 'Log in')
  await logIn(page)
  t.equal(pathOf(page), '/dashboard?from=a+letter')
})

t.test('a login that shall lead elsewhere stays here', async t => {
  const page = await (await openSite(t, chromium)).window({ javaScriptEnabled: false })
  await signUp(page)
  for (const next of ['https://elsewhere.example/', '/\\elsewhere.example', '/.//elsewhere.example']) {
    await logOut(page)
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await logIn(page)
    t.equal(pathOf(page), '/dashboard', next)
  }
})

t.test('two private windows have histories of their own', async t => {
  const { window } = await openSite(t, chromium)
  const [left, right] = [await window({ javaScriptEnabled: false }), await window({ javaScriptEnabled: false })]
  await left.goto('/')
  await left.goto('/about')
  await right.goto('/contact')
  t.same(await visits(left), ['About', 'Home'])
  t.same(await visits(right), ['Contact'])
  await left.goto('/')
  t.same(await visits(left), ['Home', 'About', 'Home'])
})

t.test('the logout page asks first', async t => {
  const page = await (await openSite(t, chromium)).window({ javaScriptEnabled: false })
  await signUp(page)
  await page.goto('/logout')
  t.match(await page.getByRole('main').innerText(), `${grace.first_name} ${grace.last_name}`)
  await page.goto('/dashboard')
  t.equal(await heading(page), `Welcome, ${grace.first_name}`, 'looking at it changed nothing')
  await page.goto('/logout')
  await page.getByRole('main').getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('/login')
  await page.goto('/dashboard')
  t.equal(await heading(page), 'Log in')
})

t.test('the cookie ends with the browser unless one asks to be kept logged in, and no script reads it', async t => {
  const page = await (await openSite(t, chromium)).window()
  await signUp(page)
  t.match(await cookieOf(page), { name: 'session', path: '/', httpOnly: true, sameSite: 'Lax', expires: -1 })
  t.equal(await page.evaluate('document.cookie'), '')
  await logOut(page)
  await logIn(page)
  t.match(await cookieOf(page), { httpOnly: true, sameSite: 'Lax', expires: -1 })
  await logOut(page)
  await logIn(page, { remember: true })
  const { expires, ...kept } = await cookieOf(page)
  t.match(kept, { name: 'session', path: '/', httpOnly: true, sameSite: 'Lax' })
  const keptMs = expires * 1000 - Date.now()
  // Chromium counts from the answer's Date, which is in whole seconds: that adds less than one.
  t.ok(keptMs > 29.9 * DAY_MS && keptMs < 30 * DAY_MS + 1000, `kept for ${keptMs / DAY_MS} days`)
})

t.test('a form on a page elsewhere logs nobody out', async t => {
  const { window, address } = await openSite(t, chromium)
  const page = await window()
  await signUp(page)
  const elsewhere = await page.context().newPage()
  await elsewhere.setContent(`<form method="post" action="${address}/logout"><button>Win a prize</button></form>`)
  const answer = elsewhere.waitForResponse(`${address}/logout`)
  await elsewhere.getByRole('button').click()
  t.equal((await answer).status(), 403)
  await page.reload()
  t.equal(await heading(page), `Welcome, ${grace.first_name}`)
})

t.test('with sessions in Redis, an outage is a page that says so, and nobody is logged out by it', async t => {
  const redis = await startRedisServer(t)
  const { window, app } = await openSite(t, chromium, { REDIS_URL: redis.url, SESSION_SECRET: 'only the tests know this secret of theirs' })
  const page = await window({ javaScriptEnabled: false })
  await signUp(page)
  t.equal((await app.sessions.listOf((await app.users.findByEmail(grace.email))!.id)).length, 1)
  const before = await cookieOf(page)
  redis.freeze()
  const answer = await page.goto('/dashboard')
  t.equal(answer!.status(), 503)
  t.same(await cookieOf(page), before)
  redis.thaw()
  await tryAgainUntil(page, `Welcome, ${grace.first_name}`)
  await logOut(page)
  await goBack(page)
  t.equal(pathOf(page), '/login?next=%2Fdashboard')
})

/** As people do: the connection to Redis needs a moment to be itself again. */
async function tryAgainUntil (page: Page, title: string): Promise<void> {
  while (await heading(page) !== title) {
    const loaded = page.waitForEvent('load')
    await page.getByRole('link', { name: 'Try again' }).click()
    await loaded
  }
}

async function visits (page: Page): Promise<string[]> {
  return await page.getByRole('region', { name: 'Pages you looked at' }).getByRole('link').allInnerTexts()
}
