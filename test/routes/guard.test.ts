import t from 'tap'
import { openService, sqliteIn } from '../helper.ts'

t.test('a page for users sends nobody to the login, and back afterwards', async t => {
  const { browser } = await openService(t)
  t.match(await browser().get('/dashboard'), { status: 303, location: '/login?next=%2Fdashboard' })
})

t.test('a program gets a 401 instead', async t => {
  const { browser } = await openService(t)
  const answer = await browser().get('/dashboard', { accept: 'application/json' })
  t.strictSame(answer.json(), { statusCode: 401, code: 'LOGIN_REQUIRED', error: 'Unauthorized', message: 'Please log in first.' })
})

const changes = {
  'is deleted': 'delete from users',
  'is disabled': 'update users set disabled_at = 1',
  'has a raised session epoch': 'update users set session_epoch = session_epoch + 1'
}
for (const [what, statement] of Object.entries(changes)) {
  t.test(`a user who ${what} is out at the next click, and the cookie is cleared`, async t => {
    const { browser, app } = await openService(t)
    const laptop = browser()
    await laptop.signUp()
    sqliteIn(app).exec(statement)
    const answer = await laptop.get('/dashboard')
    t.match(answer, { status: 303, location: '/login?next=%2Fdashboard' })
    t.match(answer.setCookies, [/^session=; Max-Age=0/])
    t.equal(sqliteIn(app).prepare('select count(*) from sessions').pluck().get(), 0, 'the session is gone from the store')
  })
}
