import t from 'tap'
import type { Locator, Page } from 'playwright-core'
import { grace } from '../../helper.ts'
import { launchChromium } from './chromium.ts'
import { heading, logIn, logOut, openSite, pathOf, press, signUp } from './site.ts'

const chromium = await launchChromium(t)

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript'

  t.test(`a wrong password is one sentence, and all but the password is still there, ${script}`, async t => {
    const page = await (await openSite(t, chromium)).window({ javaScriptEnabled })
    await signUp(page)
    await logOut(page)
    await logIn(page, { password: 'not the password at all', remember: true })
    t.equal(await page.getByRole('alert').innerText(), 'The email and the password do not fit together.')
    t.equal(await page.getByLabel('Email').inputValue(), grace.email)
    t.ok(await page.getByLabel('Keep me logged in').isChecked())
    t.equal(await page.getByLabel('Password').inputValue(), '')
    t.equal(await focused(page), 'email', 'either can be wrong, so one starts at the first')
    t.match(await descriptionOf(page.getByLabel('Email')), ['The email and the password do not fit together.'])
    await logIn(page, { email: 'nobody@example.com' })
    t.equal(await page.getByRole('alert').innerText(), 'The email and the password do not fit together.', 'an unknown email is told alike')
  })

  t.test(`an email that has an account already is said at its field, ${script}`, async t => {
    const page = await (await openSite(t, chromium)).window({ javaScriptEnabled })
    await signUp(page)
    await logOut(page)
    await signUp(page)
    t.equal(await heading(page), 'Sign up')
    t.equal(await focused(page), 'email')
    t.match(await descriptionOf(page.getByLabel('Email')), ['This email has an account already. Log in instead, or use another email.'])
    t.equal(await page.getByLabel('Email').getAttribute('aria-invalid'), 'true')
    t.equal(await page.getByLabel('First name').inputValue(), grace.first_name)
    t.equal(await page.getByLabel('Last name').inputValue(), grace.last_name)
    t.equal(await page.getByLabel('Password').inputValue(), '')
  })

  t.test(`the first wrong field has the focus, ${script}`, async t => {
    const page = await (await openSite(t, chromium)).window({ javaScriptEnabled })
    await signUp(page, { ...grace, last_name: ' ' })
    t.equal(await focused(page), 'last_name')
    t.match(await descriptionOf(page.getByLabel('Last name')), ['Enter your last name (up to 100 characters).'])
    t.equal(await page.getByLabel('First name').getAttribute('aria-invalid'), null)
    await page.getByLabel('Last name').fill(grace.last_name)
    await page.getByLabel('Password').fill(grace.password)
    await press(page, 'Sign up')
    t.equal(await heading(page), `Welcome, ${grace.first_name}`)
  })
}

t.test('every field of a sign-up says what is wrong with it, and the summary leads to each', async t => {
  const page = await (await openSite(t, chromium)).window()
  await page.goto('/signup')
  await sendWithoutAsking(page, 'Sign up')
  t.equal(await focused(page), 'first_name')
  t.match(await descriptionOf(page.getByLabel('First name')), ['Enter your first name (up to 100 characters).'])
  t.match(await descriptionOf(page.getByLabel('Last name')), ['Enter your last name (up to 100 characters).'])
  t.match(await descriptionOf(page.getByLabel('Email')), ['Enter an email address, such as name@example.com.', 'You log in with it.'])
  t.match(await descriptionOf(page.getByLabel('Password')), ['Choose a password of at least 15 characters.', /^At least 15 characters/])
  const links = page.getByRole('alert').getByRole('link')
  t.same(await links.allInnerTexts(), ['First name', 'Last name', 'Email', 'Password'])
  await links.last().click()
  t.equal(await focused(page), 'password')
})

t.test('every field of a login says what is wrong with it', async t => {
  const page = await (await openSite(t, chromium)).window()
  await page.goto('/login')
  await sendWithoutAsking(page, 'Log in')
  t.equal(await focused(page), 'email')
  t.match(await descriptionOf(page.getByLabel('Email')), ['Enter the email address that you signed up with.'])
  t.match(await descriptionOf(page.getByLabel('Password')), ['Enter your password.'])
  await page.getByLabel('Email').fill(grace.email)
  await sendWithoutAsking(page, 'Log in')
  t.equal(await focused(page), 'password')
})

t.test('with the keyboard alone, one skips the navigation, logs in and logs out', async t => {
  const page = await (await openSite(t, chromium)).window({ javaScriptEnabled: false })
  await signUp(page)
  await logOut(page)
  await page.goto('/login')
  await page.keyboard.press('Tab')
  t.match(await page.locator(':focus').innerText(), 'Skip to the content')
  t.ok((await page.locator(':focus').boundingBox())!.y >= 0, 'it can be seen while it has the focus')
  await page.keyboard.press('Enter')
  t.equal(await focused(page), 'main')
  await page.keyboard.press('Tab')
  await page.keyboard.type(grace.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(grace.password)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  t.ok(await page.getByLabel('Keep me logged in').isChecked())
  await page.keyboard.press('Tab')
  t.equal(await page.locator(':focus').innerText(), 'Log in')
  await page.keyboard.press('Enter')
  await page.waitForURL('/dashboard')
  const way = await tabUntil(page, 'Log out')
  t.same(way, ['Skip to the content', 'Latchkey', 'Home', 'About', 'Contact', 'Dashboard', 'Your account, Grace Hopper', 'Log out'])
  await page.keyboard.press('Enter')
  await page.waitForURL('/login')
  t.equal(pathOf(page), '/login')
})

/** The id of what has the focus. */
async function focused (page: Page): Promise<string | null> {
  return await page.locator(':focus').getAttribute('id')
}

/** What is read out after the label: the texts that aria-describedby names, in its order. */
async function descriptionOf (field: Locator): Promise<string[]> {
  const ids = (await field.getAttribute('aria-describedby') ?? '').split(' ').filter(id => id !== '')
  return await Promise.all(ids.map(id => field.page().locator(`[id="${id}"]`).innerText()))
}

/** Past the browser's own check of the fields. */
async function sendWithoutAsking (page: Page, button: string): Promise<void> {
  await page.evaluate('document.querySelector("main form").noValidate = true')
  await press(page, button)
}

async function tabUntil (page: Page, name: string): Promise<string[]> {
  const way: string[] = []
  while (way.at(-1) !== name && way.length < 20) {
    await page.keyboard.press('Tab')
    way.push((await page.locator(':focus').innerText()).trim().replace(/\s+/g, ' '))
  }
  return way
}
