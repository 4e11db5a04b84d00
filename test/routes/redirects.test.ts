import t, { type Test } from 'tap'
import { type Answer, grace, openService } from '../helper.ts'
import { openWire } from '../wire.ts'

/*
 * Every step on which a browser is told where to go next: by a link to the login, by the field in its form, by whoever
 * is logged in already, by the page that asks for the password again.
 */

const here = 'http://localhost:3000'
const evil = 'evil.example'
const spaces = ['\t', '\n', '\r', '\v', '\f', ' ', '\0', '\x01', '\x1f', '\x7f', '\x85', '\u00a0', '\u1680', '\u2028', '\u2029', '\u200b', '\u202e', '\u3000', '\ufeff']
const slashes = ['／', '⁄', '∕', '⧸', '╱', '＼', '∖', '⧵', '﹨', '。', '．', '：']

const nexts = [
  `//${evil}`, `///${evil}`, `/////////${evil}`, `/\\${evil}`, `\\/${evil}`, `\\\\${evil}`, `/\\/${evil}`, `//\\${evil}`, `\\${evil}`, `/\\\\\\${evil}`, `/.//${evil}`, `/..//${evil}`, `/./\\${evil}`, `/a/..//${evil}`, `/a/../\\${evil}`, `/account/../..//${evil}`, `/%2e//${evil}`, `/%2e%2e//${evil}`, `/.%2e//${evil}`, `/;//${evil}`, `/?//${evil}`, `/#//${evil}`,
  `/%2f${evil}`, `/%2f%2f${evil}`, `/%5c${evil}`, `/%5c%5c${evil}`, `/%252f${evil}`, `%2f%2f${evil}`, `%5c%5c${evil}`, `/%09/${evil}`, `/%0a/${evil}`, `/%0d%0a/${evil}`, `/%00/${evil}`, `/%20/${evil}`, `/%e2%80%a8/${evil}`, `/%ef%bc%8f${evil}`,
  `http://${evil}`, `https://${evil}`, `HtTp://${evil}`, `http:${evil}`, `http:/${evil}`, `http:\\\\${evil}`, `https:///${evil}`, `//${evil}:80`, `//user@${evil}`, `//localhost:3000@${evil}`, `//localhost:3000%40${evil}`, `//localhost:3000.${evil}`, `//${evil}/localhost:3000`, `//${evil}?localhost:3000`, `//${evil}#localhost:3000`, `${here}.${evil}`, `${here}@${evil}`, `${here}\\@${evil}`, '//[::1]', '//2130706433', '//0x7f.1', '//127.1', '//localhost', '//localhost:3001',
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'javascript://%0aalert(1)', '/javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'blob:x', 'file:///etc/passwd', 'about:blank', 'view-source:x', 'mailto:x', 'tel:1', 'intent://x', '@', '.', '..', '?', '#', ':', '//', '///', '/\\', '\\', '', 'null', 'undefined', '[object Object]', '/"><script>alert(1)</script>', "/'onload='x", '/\r\nLocation: //evil.example', '/\r\n\r\n<script>', `/a;url=//${evil}`, `/0;url=http://${evil}`,
  ...spaces.flatMap(space => [`${space}//${evil}`, `/${space}/${evil}`, `/${space}\\${evil}`, `java${space}script:alert(1)`]),
  ...slashes.flatMap(slash => [`${slash}${slash}${evil}`, `/${slash}${evil}`]),
  `/${'a'.repeat(2_000)}//${evil}`, `${'/'.repeat(2_000)}${evil}`, `/${'../'.repeat(600)}/${evil}`, `/${'\\'.repeat(2_000)}${evil}`, `/${'%2f'.repeat(600)}${evil}`, `/${'é'.repeat(1_000)}`
]
const tooLong = [`/${'a'.repeat(2_048)}`, `/${'a'.repeat(14_000)}`, `//${evil}/${'a'.repeat(10_000)}`]

t.test('the way to the login and through it leads to pages here, whatever it says', async t => {
  const { browser } = await openService(t, { LOG_LEVEL: 'silent' })
  const laptop = browser()
  await laptop.signUp()
  for (const next of nexts) {
    const query = `next=${encodeURIComponent(next)}`
    const form = await browser().get(`/login?${query}`)
    const field = hiddenNext(form)
    t.equal(form.status, 200)
    t.ok(field === null || isHere(field), `the field for ${shown(next)} is ${shown(field)}`)
    leadsHere(t, await laptop.get(`/login?${query}`), next)
    t.ok(isHere(hiddenNext(await laptop.get(`/account/reauthenticate?${query}`)) ?? '/'), shown(next))
  }
  for (const next of tooLong) for (const page of ['/login', '/account/reauthenticate']) t.equal((await laptop.get(`${page}?next=${encodeURIComponent(next)}`)).status, 400)
})

t.test('a form that says where to go leads to pages here, whatever it says', async t => {
  const { browser } = await openService(t, { LOG_LEVEL: 'silent' })
  const laptop = browser()
  await laptop.signUp()
  for (const next of nexts) {
    // Without a password no time goes into checking it, and the form comes back with its field.
    for (const [path, someone, fields] of [['/login', browser(), { email: grace.email }], ['/account/reauthenticate', laptop, {}]] as const) {
      const again = await someone.submit(path, { ...fields, next })
      const field = hiddenNext(again)
      t.ok(again.status === 400 && (field === null || isHere(field)), `the field for ${shown(next)} is ${shown(field)}`)
    }
  }
  // Control characters come from no form of ours: those are refused.
  const typed = nexts.filter(next => !/\p{Cc}/u.test(next))
  for (const [at, next] of typed.entries()) {
    if (at % 5 === 0) leadsHere(t, await laptop.logIn({ next }), next)
    if (at % 5 === 1) leadsHere(t, await laptop.submit('/account/reauthenticate', { password: grace.password, next }), next)
  }
})

t.test('on the wire, too, a redirect is a path of this site', async t => {
  const { app, browser } = await openService(t, { LOG_LEVEL: 'silent' })
  const { say } = await openWire(app)
  const laptop = browser()
  await laptop.signUp()
  const cookie = `Cookie: session=${laptop.cookies.get('session')}\r\n`
  for (const next of nexts.filter(next => next.length < 200)) {
    // As a browser would never write it: raw bytes, in a query and as the path itself.
    const raw = Buffer.from(next, 'utf8').toString('latin1')
    for (const [line, who] of [[`GET /login?next=${raw}`, cookie], [`GET /dashboard?next=${raw}`, ''], [`GET ${raw}`, ''], [`GET /login?next=%2Fdashboard&next=${raw}`, cookie]]) {
      const { status, headers } = await say(`${line} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nAccept: text/html\r\n${who}\r\n`)
      if (status === 303) t.ok(isHere(headers.location!), `${shown(line)} leads to ${shown(headers.location)}`)
      else t.ok([0, 200, 400, 404].includes(status) && headers.location === undefined, `${status} ${shown(line)}`)
    }
  }
})

function leadsHere (t: Test, { status, location }: Answer, next: string) {
  t.ok(status === 303 && isHere(location ?? ''), `${shown(next)} leads to ${shown(location)}`)
}

/** Whether a browser that follows it, as a header or as a link, stays here: by itself, and with what it contains. */
function isHere (path: string): boolean {
  const { origin } = new URL(path, `${here}/login`)
  return origin === here && /^\/(?![/\\])[\x21-\x7e]*$/.test(path)
}

function hiddenNext ({ body }: Answer): string | null {
  const value = /name="next" value="([^"]*)"/.exec(body)?.[1]
  return value?.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&') ?? null
}

/** Line ends of whatever kind would end the line of a result. */
function shown (text: string | null | undefined): string {
  return encodeURI(String(text).slice(0, 60))
}
