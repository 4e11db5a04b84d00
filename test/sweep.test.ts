import t from 'tap'
import { DAY_MS, openService } from './helper.ts'

t.test('a service that starts removes what expired while nobody looked', async t => {
  const before = await openService(t)
  await before.browser().get('/')
  await before.browser().signUp()
  await before.app.close()

  const { app } = await openService(t, {}, { folder: before.folder, later: 2 * DAY_MS })
  const rows = () => app.database.$client.prepare('select count(*) from sessions').pluck().get()
  t.equal(rows(), 2)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal(rows(), 0)
})

t.test('a store that cannot be swept now stops nothing', async t => {
  const { app, browser, log } = await openService(t)
  app.database.$client.close()
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(log.find(({ msg }) => msg === 'expired sessions were not removed'), { err: { code: 'SESSIONS_UNAVAILABLE' } })
  t.equal((await browser().get('/health/live')).status, 200)
})
