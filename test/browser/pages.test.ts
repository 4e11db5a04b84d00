import t from 'tap'
import type { Page } from 'playwright-core'
import { grace } from '../helper.ts'
import { launchChromium, violationsOf } from './chromium.ts'
import { logIn, logOut, openSite, press, signUp } from './site.ts'

const chromium = await launchChromium(t)

const height = 800

type Person = typeof grace
type Visit = readonly [name: string, open: (page: Page) => Promise<unknown>]

const visitorsPages: Visit[] = [
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

const usersPages: Visit[] = [
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
  ['password asked for', page => page.goto('/account/confirm?next=/account/email')],
  ['password asked for, and not given', page => sendEmpty(page, '/account/confirm', 'Go on')],
  ['delete', page => page.goto('/account/delete')],
  ['delete without the password', page => sendEmpty(page, '/account/delete', 'Delete my account')],
  ['logout', page => page.goto('/logout')],
  ['404', page => openError(page, '/nowhere', 404)]
]

const errorPages: Visit[] = [
  ['404', page => openError(page, '/nowhere', 404)],
  ['400 for an address', page => openError(page, '/%ff', 400)],
  ['400 for a query', page => openError(page, `/login?next=/${'x'.repeat(2048)}`, 400)],
  ['403', page => sendFromElsewhere(page)],
  ['413', page => sendTooMuch(page)],
  ['415', page => sendAsText(page)]
]

const people: Record<string, Person> = {
  'a name of 100 letters without a space': { ...grace, first_name: 'W'.repeat(100), last_name: 'Ö'.repeat(100), email: `${'w'.repeat(64)}@${'w'.repeat(63)}.${'w'.repeat(63)}.example` },
  'a name from right to left': { ...grace, first_name: 'محمد بن موسى', last_name: 'الخوارزمي', email: 'musa@مثال.example' },
  'a name from right to left of 100 letters without a space': { ...grace, first_name: 'م'.repeat(100), last_name: 'خ'.repeat(100) }
}

t.test('anyone can use the pages of a visitor, in light and dark, wide and narrow', async t => {
  const site = await openSite(t, chromium)
  await signUp(await site.window())
  const page = await site.window()
  for (const [name, open] of [...visitorsPages, ...errorPages]) {
    await open(page)
    t.same(await faultsOf(page), [], name)
  }
})

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
  app.database.$client.close()
  await openError(page, '/dashboard', 503)
  t.same(await faultsOf(page), [])
})

for (const [name, person] of Object.entries(people)) {
  t.test(`no page is wider than a small phone, with ${name}`, async t => {
    const page = await (await openSite(t, chromium)).window({ viewport: { width: 320, height } })
    await signUp(page, person)
    for (const [name, open] of usersPages) {
      await open(page)
      t.same(await sticksOut(page), [], `${name} of a user`)
    }
    await logOut(page)
    await signUp(page, person)
    t.same(await sticksOut(page), [], 'sign-up with an email that is taken')
    await page.goto('/login')
    await logIn(page, { email: person.email, password: 'not the password at all' })
    t.same(await sticksOut(page), [], 'login with a wrong password')
  })
}

/** What axe finds, in both colour schemes, on a desk and on a phone, and what is too wide for a small phone. */
async function faultsOf (page: Page): Promise<string[]> {
  const faults: string[] = []
  await page.setViewportSize({ width: 320, height })
  faults.push(...await sticksOut(page))
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height })
    for (const scheme of ['light', 'dark'] as const) {
      faults.push(...(await violationsOf(page, scheme)).map(fault => `${scheme}, ${width} px: ${fault}`))
    }
  }
  return faults
}

/** What makes the page scroll sideways, or is cut off on the left, where nobody can scroll to. */
async function sticksOut (page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const out = [...document.querySelectorAll('body *')].filter(element => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (left < -1 || right > clientWidth + 1)
    })
    return [...(scrollWidth > clientWidth ? ['scrolls by ' + (scrollWidth - clientWidth)] : []), ...out.map(element => element.outerHTML.slice(0, 80))]
  })()`)
}

async function openError (page: Page, path: string, status: number): Promise<void> {
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

async function showsError (page: Page, status: number): Promise<void> {
  await page.getByText(`Error ${status}`).waitFor()
}
