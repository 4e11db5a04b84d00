import t, { type Test } from 'tap'
import { grace } from '../helper.ts'
import { valuesOf } from './application.ts'
import { openPlace } from './place.ts'
import { proxyNames } from './proxies.ts'

for (const proxy of proxyNames) {
  t.test(`${proxy}: the login leads back`, async t => {
    const { app, login, application, visitor, service } = await openPlace(t, proxy)
    const laptop = visitor()
    const asked = `${app}/page?a=1&b=%2F`
    t.match(await laptop.get(asked), { status: 303, location: `${login}/login?next=${encodeURIComponent(asked)}` })
    t.equal(application.got.length, 0)
    t.match(await laptop.signUp(login), { status: 303 })
    t.equal((await laptop.get(asked)).status, 200)
    console.error(application.got)
  })
}
