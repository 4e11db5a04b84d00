import type { Page } from 'playwright-core'
import { logIn, press, signUp } from './site.ts'

/** A page, and how one gets there. */
export type Visit = readonly [name: string, open: (page: Page) => Promise<unknown>]

export const visitorsPages: Visit[] = [
  ['home', page => page.goto('/')],
  ['about', page => page.goto('/about')],
  ['contact', page => page.goto('/contact')],
  ['sign-up', page => page.goto('/signup')],
  ['sign-up with every field wrong', page => sendEmpty(page, '/signup', 'Sign up')],
  ['sign-up with an email that is taken', page => signUp(page)],
  ['login', page => page.goto('/login?next=/contact')],
  ['login with every field wrong', page => sendEmpty(page, '/login', 'Log in')],
  ['login with a wrong password', page => logInWrongly(page)],
  ['logout', page => page.goto('/logout')]
]

export const usersPages: Visit[] = [
  ['home', page => page.goto('/')],
  ['about', page => page.goto('/about')],
  ['contact', page => page.goto('/contact')],
  ['dashboard', page => page.goto('/dashboard')],
  ['account', page => page.goto('/account')],
  ['devices', page => page.goto('/account/devices')],
  ['profile', page => page.goto('/account/profile')],
  ['profile with every field wrong', page => sendCleared(page, '/account/profile', 'Save')],
  ['email', page => page.goto('/account/email')],
  ['email that is none', page => sendEmpty(page, '/account/email', 'Save')],
  ['password', page => page.goto('/account/password')],
  ['password with every field wrong', page => sendEmpty(page, '/account/password', 'Change password')],
  ['password asked for', page => page.goto('/account/reauthenticate?next=/account/email')],
  ['password asked for, and not given', page => sendEmpty(page, '/account/reauthenticate', 'Go on')],
  ['delete', page => page.goto('/account/delete')],
  ['delete without the password', page => sendEmpty(page, '/account/delete', 'Delete my account')],
  ['logout', page => page.goto('/logout')],
  ['404', page => openError(page, '/nowhere', 404)]
]

export const errorPages: Visit[] = [
  ['404', page => openError(page, '/nowhere', 404)],
  ['400 for an address', page => openError(page, '/%ff', 400)],
  ['400 for a query', page => openError(page, `/login?next=/${'x'.repeat(2048)}`, 400)],
  ['403', page => sendFromElsewhere(page)],
  ['413', page => sendTooMuch(page)],
  ['415', page => sendAsText(page)],
  ['429', page => guessOften(page)]
]

export async function openError (page: Page, path: string, status: number): Promise<void> {
  const answer = await page.goto(path)
  if (answer?.status() !== status) throw new Error(`${path} was answered ${answer?.status()}, not ${status}`)
}

async function sendEmpty (page: Page, path: string, button: string): Promise<void> {
  await page.goto(path)
  await page.evaluate('document.querySelector("main form").noValidate = true')
  await press(page, button)
}

async function sendCleared (page: Page, path: string, button: string): Promise<void> {
  await page.goto(path)
  await page.evaluate('document.querySelectorAll("main input").forEach(input => { input.value = "" })')
  await page.evaluate('document.querySelector("main form").noValidate = true')
  await press(page, button)
}

async function logInWrongly (page: Page): Promise<void> {
  await page.goto('/login')
  await logIn(page, { password: 'not the password at all' })
}

async function sendTooMuch (page: Page): Promise<void> {
  await page.goto('/login')
  await logIn(page, { password: 'x'.repeat(16 * 1024) })
  await showsError(page, 413)
}

async function sendAsText (page: Page): Promise<void> {
  await page.goto('/login')
  await page.evaluate('document.querySelector("main form").enctype = "text/plain"')
  await logIn(page)
  await showsError(page, 415)
}

async function sendFromElsewhere (page: Page): Promise<void> {
  await page.goto('/login')
  const address = page.url()
  await page.goto('about:blank')
  await page.setContent(`<main><form method="post" action="${address}"><button>Win a prize</button></form></main>`)
  await press(page, 'Win a prize')
  await showsError(page, 403)
}

async function guessOften (page: Page): Promise<void> {
  do {
    await page.goto('/login')
    await logIn(page, { email: 'somebody@example.com', password: 'not the password at all' })
    await page.locator('main').getByText(/do not fit together|Error 429/).first().waitFor()
  } while (await page.getByText('Error 429').count() === 0)
}

async function showsError (page: Page, status: number): Promise<void> {
  await page.getByText(`Error ${status}`).waitFor()
}
