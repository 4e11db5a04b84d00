import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Cookie, Page, Request, Response } from 'playwright-core'
import type { Test } from 'tap'
import { latchkey } from '../../../src/latchkey.ts'
import { freePort } from '../../free-port.ts'
import { grace, openServer } from '../../helper.ts'

/** Far more than any step takes: only a test that fails waits for it. */
const STEP_TIMEOUT_MS = 10_000

type Person = typeof grace

/** The service, listening, and windows that look at it. */
export interface Site {
  app: FastifyInstance
  address: string
  /** A private window: cookies and history of its own. Whatever goes wrong in it behind the page fails the test. */
  window (options?: BrowserContextOptions): Promise<Page>
}

export async function openSite (t: Test, chromium: Browser, settings: Record<string, string> = {}): Promise<Site> {
  const port = await freePort()
  const address = `http://localhost:${port}`
  const { app, config } = openServer(t, { PUBLIC_URL: address, ...settings })
  await app.register(latchkey, { config })
  await app.listen({ port, host: 'localhost' })
  return { app, address, window: options => openWindow(t, chromium, [address], options) }
}

/** @param addresses which may be asked; the first is where a path alone leads */
export async function openWindow (t: Test, chromium: Browser, addresses: string[], options: BrowserContextOptions = {}): Promise<Page> {
  // Without motion, colours are what they are, not on their way from light to dark.
  const context = await chromium.newContext({ baseURL: addresses[0]!, reducedMotion: 'reduce', ...options })
  t.teardown(() => context.close())
  context.setDefaultTimeout(STEP_TIMEOUT_MS)
  context.on('request', request => { if (!isAt(addresses, request)) t.fail(`a request left the host: ${request.url()}`) })
  context.on('requestfailed', request => { if (isPart(request) && !isCutOff(request)) t.fail(`${request.url()} did not load`) })
  context.on('response', response => { if (isPart(response.request()) && !arrived(response)) t.fail(`${response.url()} was answered ${response.status()}`) })
  context.on('weberror', raised => { t.fail(`a script failed: ${raised.error().message}`) })
  context.on('console', message => { if (isWarning(message.type(), message.text())) t.fail(`the console says: ${message.text()}`) })
  return await context.newPage()
}

function isAt (addresses: string[], request: Request): boolean {
  const { protocol, origin } = new URL(request.url())
  return protocol === 'data:' || addresses.includes(origin)
}

/** What a page is made of, beside the page itself: stylesheets and pictures. */
function isPart (request: Request): boolean {
  return !request.isNavigationRequest()
}

/** By the next page: an icon is fetched after everything else, and nobody waits for it. */
function isCutOff (request: Request): boolean {
  return request.failure()?.errorText === 'net::ERR_ABORTED'
}

function arrived (response: Response): boolean {
  return response.ok() || response.status() === 304
}

// That something did not load is told above; here it would also mean every page that is a 401 or a 404 on purpose.
function isWarning (type: string, text: string): boolean {
  return (type === 'error' || type === 'warning') && !text.startsWith('Failed to load resource')
}

export async function signUp (page: Page, { first_name: firstName, last_name: lastName, email, password }: Person = grace): Promise<void> {
  await page.goto('/signup')
  await page.getByLabel('First name').fill(firstName)
  await page.getByLabel('Last name').fill(lastName)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Sign up')
}

/** Fills in the login that is on the screen. */
export async function logIn (page: Page, { email = grace.email, password = grace.password, remember = false } = {}): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByLabel('Keep me logged in').setChecked(remember)
  await press(page, 'Log in')
}

export async function logOut (page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('/login')
}

/** Presses a button of the form on the page, and waits for what comes next. */
export async function press (page: Page, name: string): Promise<void> {
  // All of it: a stylesheet that the next step cuts off would count as one that did not load.
  const loaded = page.waitForEvent('load')
  await page.getByRole('main').getByRole('button', { name }).click()
  await loaded
}

/**
 * Presses the browser's back button. Chromium may bring the page back as it was left, also one that is `no-store`,
 * as long as no HttpOnly cookie has changed since; then nothing loads, and there is no load to wait for.
 */
export async function goBack (page: Page): Promise<void> {
  await page.goBack({ waitUntil: 'commit' })
  await page.getByRole('contentinfo').waitFor()
}

export async function goForward (page: Page): Promise<void> {
  await page.goForward({ waitUntil: 'commit' })
  await page.getByRole('contentinfo').waitFor()
}

/** Path and query of the page that is on the screen. */
export function pathOf (page: Page): string {
  const { pathname, search } = new URL(page.url())
  return `${pathname}${search}`
}

export async function heading (page: Page): Promise<string> {
  return await page.getByRole('heading', { level: 1 }).innerText()
}

export async function cookieOf (page: Page): Promise<Cookie> {
  const [cookie, ...more] = (await page.context().cookies()).filter(({ name }) => name !== 'device')
  if (cookie === undefined || more.length > 0) throw new Error('the browser should hold one session cookie')
  return cookie
}
