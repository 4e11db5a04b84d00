import t, { type Test } from 'tap'
import { openPlace, type Place } from '../../forward-auth/place.ts'
import { proxyNames } from '../../forward-auth/proxies.ts'
import { rawGet, sendRaw } from '../../forward-auth/raw.ts'
import { realApplications } from '../../forward-auth/real-applications.ts'
import { grace } from '../../helper.ts'

// The rules of docs/forward-auth.md, real proxies, and applications of which each reads a path in its own way.
const rules = 'app.example.com/public anyone; app.example.com/admin boss@example.com; app.example.com users'

/** Every part of a path that means something to somebody. */
const steps = ['..', '.', '%2e%2e', '%2E.', '.%2e', '..;', '..;x=y', '%252e%252e', '..%00', '..%20', '..%23', '%c0%ae%c0%ae', '%EF%BC%8E%EF%BC%8E']
const slashes = ['/', '//', '\\', '%2f', '%5C', '/./', '%252f', '/;/', '%c0%af', '/\\/']
const stepping = steps.flatMap(step => slashes.flatMap(slash => [`/public${slash}${step}${slash}admin`, `/y${slash}${step}${slash}admin${slash}x`, `/public/a${slash}b/${step}/${step}${slash}admin/x`]))
const others = [
  '/public/a\\b/../../admin/x', '/public/../admin//../public/x', '/y/../admin//../x', '/y%2fz/../%61dmin/x', '/admin%23', '/admin%3f', '/admin%00', '/admin%00/x', '/admin%23/../public', '/admin%2523',
  '//admin', '///admin/x', '/.//admin', '/%2fadmin', '/%5cadmin', '\\admin', '/\\admin', '/%61dmin', '/%2561dmin', '/%41DMIN', '/ADMIN', '/Admin/x', '/aDMIN/', '/admin;x', '/admin;/x', '/;/admin', '/admin%3bx', '/admin/', '/admin//', '/admin/.', '/admin/..', '/admin/../admin',
  '/%E2%84%AAadmin', '/adm%C4%B1n', '/adm%C4%B0n', '/%EF%BD%81dmin', '/admin%20', '/admin.', '/public#/../admin', '/public?/../admin', '/public%3f/../admin', '/public%23/../admin', '/public/%2e%2e/%61dmin', '/public/x/../../../../admin', '/../admin', '/..', '/%', '/admin%', '/%ff/../admin',
  '/public/%0d%0aX: y/../../admin', '/public/%09/../../admin', '/public//../admin', '/public//../../admin', '/public/.../../../admin', '/PUBLIC/../admin', '/public/admin/../../admin', '/x?/../admin', '?/admin', '*', 'admin', '/%u0061dmin', '/%u002e%u002e/admin',
  'https://app.example.com/public/../admin', 'https://app.example.com//admin', 'https://app.example.com\\admin', 'https://app.example.com/public/..%2fadmin', '/https://app.example.com/../../admin', '/public/;/../../admin', '/public/%3b/../../admin'
]

const paths = [...stepping, ...others]
const AT_ONCE = 20

for (const proxy of proxyNames) {
  for (const [application, start] of Object.entries(realApplications)) {
    t.test(`${proxy} before an application (${application}): no path leads a stranger past /public, or a user to /admin`, async t => {
      const place = await openPlace(t, proxy, { FORWARD_AUTH_RULES: rules }, start)
      const [user, boss] = [place.visitor(), place.visitor()]
      await user.signUp(place.login)
      await boss.signUp(place.login, { ...grace, email: 'boss@example.com' })
      const cookieOf = ({ cookies }: typeof user) => [`Cookie: __Secure-session=${cookies.get('__Secure-session')!.value}`]
      const [users, theBoss] = [cookieOf(user), cookieOf(boss)]

      await saysItself(t, place, { users, theBoss })
      const opened: string[] = []
      for (let at = 0; at < paths.length; at += AT_ONCE) {
        await Promise.all(paths.slice(at, at + AT_ONCE).map(async path => {
          const [asStranger, asUser] = await Promise.all([[], users].map(lines => part(place, path, lines)))
          if (asStranger === 'admin' || asStranger === 'other') opened.push(`${path} opens ${asStranger} for a stranger`)
          if (asUser === 'admin') opened.push(`${path} opens admin for a user`)
        }))
      }
      t.strictSame(opened, [])
    })
  }
}

async function saysItself (t: Test, place: Place, { users, theBoss }: Record<'users' | 'theBoss', string[]>) {
  for (const path of ['/public', '/public/x']) t.equal(await part(place, path, []), 'public', path)
  t.equal(await part(place, '/x', users), 'other')
  for (const path of ['/admin', '/admin/x']) t.strictSame(await Promise.all([[], users, theBoss].map(lines => part(place, path, lines))), ['303', '403', 'admin'], path)
}

/** What the application served, or else the status. */
async function part ({ port }: Place, target: string, lines: string[]): Promise<string> {
  const { status, body } = await sendRaw(port, 'app.example.com', rawGet(target, [`Host: app.example.com:${port}`, 'Accept: text/html', ...lines]))
  return status === 200 ? /public|admin|other/.exec(body)![0] : String(status)
}
