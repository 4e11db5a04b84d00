import t from 'tap'
import { grace } from '../../helper.ts'
import { launchChromium } from './chromium.ts'
import { usersPages } from './every-page.ts'
import { height, sticksOut } from './faults.ts'
import { logIn, logOut, openSite, signUp } from './site.ts'

const chromium = await launchChromium(t)

const people: Record<string, typeof grace> = {
  'a name of 100 letters without a space': { ...grace, first_name: 'W'.repeat(100), last_name: 'Ö'.repeat(100), email: `${'w'.repeat(64)}@${'w'.repeat(63)}.${'w'.repeat(63)}.example` },
  'a name from right to left': { ...grace, first_name: 'محمد بن موسى', last_name: 'الخوارزمي', email: 'musa@مثال.example' },
  'a name from right to left of 100 letters without a space': { ...grace, first_name: 'م'.repeat(100), last_name: 'خ'.repeat(100) }
}

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
