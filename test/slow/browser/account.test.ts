import { readFile } from 'node:fs/promises'
import t from 'tap'
import type { Page } from 'playwright-core'
import { grace } from '../../helper.ts'
import { launchChromium } from './chromium.ts'
import { heading, logIn, openSite, pathOf, press, signUp } from './site.ts'

const chromium = await launchChromium(t)

const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript'

  t.test(`one finds the phone among the devices and logs it out, ${script}`, async t => {
    const { window } = await openSite(t, chromium)
    const laptop = await window({ javaScriptEnabled })
    const phone = await window({ javaScriptEnabled, userAgent: safari })
    await signUp(laptop)
    await phone.goto('/login')
    await logIn(phone)
    await laptop.getByRole('link', { name: 'Your account, Grace Hopper' }).click()
    await laptop.getByRole('link', { name: 'Your devices' }).click()
    const devices = laptop.getByRole('main').getByRole('listitem')
    await devices.nth(1).waitFor()
    t.match(await devices.allInnerTexts(), [/^Chrome on Linux[^]*This device/, /^Safari on iOS/])
    await press(laptop, 'Log out Safari on iOS')
    t.equal(pathOf(laptop), '/account/devices')
    t.equal(await devices.count(), 1)
    await phone.goto('/dashboard')
    t.equal(await heading(phone), 'Log in')
  })

  t.test(`one changes name, email and password, and then deletes the account, ${script}`, async t => {
    const { window } = await openSite(t, chromium)
    const page = await window({ javaScriptEnabled })
    await signUp(page)
    await change(page, 'Change your name', { 'First name': 'Amazing', 'Last name': 'Grace' }, 'Save')
    await change(page, 'Change your email', { 'New email': 'amazing@example.com', 'Current password': grace.password }, 'Save')
    await change(page, 'Change your password', { 'Current password': grace.password, 'New password': 'microseconds are longer wires' }, 'Change password')
    t.equal(pathOf(page), '/account')
    const lately = page.getByRole('region', { name: 'What happened lately' }).getByRole('listitem')
    t.same((await lately.allInnerTexts()).map(text => text.split('\n')[0]), ['Changed the password', 'Changed the email', 'Changed the name', 'Signed up'])
    await change(page, 'Delete your account', { 'Current password': 'microseconds are longer wires' }, 'Delete my account')
    t.equal(pathOf(page), '/')
    await page.goto('/login')
    await logIn(page, { email: 'amazing@example.com', password: 'microseconds are longer wires' })
    t.equal(await heading(page), 'Log in')
  })
}

t.test('the copy is a file, and the page stays', async t => {
  const page = await (await openSite(t, chromium)).window()
  await signUp(page)
  await page.goto('/account')
  const saved = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download a copy' }).click()
  const file = await saved
  t.equal(file.suggestedFilename(), 'latchkey-account.json')
  t.match(JSON.parse(await readFile(await file.path(), 'utf8')), { profile: { email: grace.email }, sessions: [{ isThis: true }], events: Array })
  t.equal(pathOf(page), '/account')
})

t.test('the field that is wrong has the focus, and a wrong password is never written back', async t => {
  const page = await (await openSite(t, chromium)).window({ javaScriptEnabled: false })
  await signUp(page)
  await change(page, 'Change your password', { 'Current password': 'not the password at all', 'New password': 'microseconds are longer wires' }, 'Change password')
  t.equal(await page.locator(':focus').getAttribute('name'), 'current_password')
  t.equal(await page.getByLabel('Current password').inputValue(), '')
  t.equal(await page.getByLabel('New password').inputValue(), '')
})

/** From the account page: follows the link, fills in the form and sends it. */
async function change (page: Page, link: string, fields: Record<string, string>, button: string): Promise<void> {
  await page.goto('/account')
  const loaded = page.waitForEvent('load')
  await page.getByRole('link', { name: link }).first().click()
  await loaded
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value)
  await press(page, button)
}
