import t from 'tap'
import { anotherAddress, grace, openService, type Browser } from '../helper.ts'

/*
 * Pages are templates. What people send is never a part of one, nor an option of how it is rendered.
 */

const pages = ['/login', '/signup', '/logout', '/dashboard', '/account', '/account/devices', '/account/profile', '/account/email', '/account/password', '/account/reauthenticate', '/account/delete', '/nothing', '/%ff']

/** What EJS, its neighbours and Express have taken for options, and what reaches the prototype of an object. */
const options = [
  'settings[view options][outputFunctionName]', 'settings[view options][client]', 'settings[view options][escapeFunction]', 'settings[view options][escape]', 'settings[view cache]', 'settings', '_locals', 'locals', 'it', 'view options', 'view', 'page', 'layout', 'partial', 'include', 'body', 'text', 'data',
  'outputFunctionName', 'localsName', 'destructuredLocals', 'destructuredLocals[]', 'escapeFunction', 'escape', 'escapeFn', 'delimiter', 'openDelimiter', 'closeDelimiter', 'client', 'cache', 'compileDebug', 'debug', 'filename', 'root', 'views', 'rmWhitespace', 'async', 'strict', '_with', 'context', 'scope', 'includer',
  'user', 'path', 'values', 'values[email]', 'errors', 'errors[form]', 'focus', 'title', 'heading', 'message', 'status', 'retryAfter', 'isUserUnknown', 'passwordMinLength',
  '__proto__', '__proto__[outputFunctionName]', '__proto__.client', 'constructor', 'constructor[prototype][client]', 'constructor.prototype.escapeFunction', 'prototype', 'toString', 'hasOwnProperty', '[]', '[0]', '.', ''
]
const code = "x;globalThis.hacked=1;process.mainModule.require('child_process').execSync('false');s"

const dollar = '$'
/** Each would show 9801547 if any template language took it for its own. */
const names = [
  '<%= 1337*7331 %>', '<%- 1337*7331 %>', '<%_ globalThis.hacked = 1 _%>', '<%# x %>', '%> <%= 1337*7331', '<%% 1337*7331 %%>', "<%- include('../../package.json') %>", '<? 1337*7331 ?>', `${dollar}{1337*7331}`, `\`${dollar}{1337*7331}\``, '#{1337*7331}', '{{1337*7331}}', '{{{1337*7331}}}', '{% 1337*7331 %}',
  '[[1337*7331]]', `[(${dollar}{1337*7331})]`, '*{1337*7331}', '@(1337*7331)', '~{1337*7331}', '$!{1337*7331}', '{{constructor.constructor("return 1337*7331")()}}', '{{=1337*7331}}', '<!--#exec cmd="id"-->', '$(id) 1337', '`id 1337`', '=1337*7331', '&lt;b&gt; &amp; x', '\'"><svg onload=alert(1)>', '$& $` $1 \\1 %s %d %j %o', '__proto__', 'constructor'
]

t.test('a name is shown as it was typed, whatever template language it is written in', async t => {
  const { browser } = await openService(t)
  const laptop = browser({ headers: { 'user-agent': names.slice(0, 20).join(' ') } })
  await laptop.signUp()
  for (const name of names) {
    t.equal((await laptop.submit('/account/profile', { first_name: name, last_name: name })).status, 303, name)
    for (const path of ['/dashboard', '/account', '/account/profile', '/logout', '/nothing']) {
      const { body } = await laptop.get(path)
      t.ok(body.includes(asText(name)), `${path} ${name}`)
      t.notMatch(body, /9801547|<svg|<b>|<!--#|"latchkey"/)
    }
    t.match((await laptop.get('/session')).json(), { user: { firstName: name, lastName: name } })
    // What was wrong is shown again in its form.
    const refused = await browser({ address: anotherAddress() }).submit('/signup', { ...grace, first_name: name, last_name: name, email: name })
    t.equal(refused.status, 400)
    t.ok(refused.body.includes(`value="${asText(name)}"`), name)
    t.notMatch(refused.body, /9801547|<svg|<b>|<!--#|"latchkey"/)
  }
  t.notOk('hacked' in globalThis)
})

t.test('a query changes nothing about how a page is rendered', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  for (const someone of [laptop, browser()]) {
    for (const path of pages) {
      const { status, body } = await someone.get(path, { accept: 'text/html' })
      const queries = options.map(name => new URLSearchParams({ [name]: code }))
      const all = new URLSearchParams(options.map((name): [string, string] => [name, '1']))
      const answers = await Promise.all([...queries, all].map(query => someone.get(`${path}?${query.toString()}`, { accept: 'text/html' })))
      t.strictSame(answers.filter(answer => answer.status !== status || answer.body !== body), [], path)
    }
  }
  t.notOk('hacked' in globalThis)
})

t.test('a form with a field that is not its own is refused, and the pages stay as they were', async t => {
  const { browser } = await openService(t)
  const laptop = browser()
  await laptop.signUp()
  const before = await bodies(laptop)
  const forms: Record<string, Record<string, string>> = {
    '/login': { email: 'nobody@example.com', password: 'x' },
    '/signup': { ...grace, email: 'ada@example.com' },
    '/account/profile': { first_name: 'Ada', last_name: 'Lovelace' },
    '/account/email': { email: 'ada@example.com', current_password: grace.password },
    '/account/password': { current_password: grace.password, new_password: 'compilers were said to be impossible' },
    '/account/reauthenticate': { password: grace.password },
    '/account/delete': { current_password: grace.password }
  }
  for (const [path, fields] of Object.entries(forms)) {
    for (const name of options.filter(name => !Object.hasOwn(fields, name))) {
      laptop.options.address = anotherAddress()
      const { status } = await laptop.submit(path, new URLSearchParams([...Object.entries(fields), [name, code]]).toString())
      t.equal(status, 400, `${path} ${name}`)
    }
  }
  for (const name of options) t.equal((await laptop.submit(`/account/devices/${encodeURIComponent(name)}/revoke`)).status, 404, name)
  t.strictSame(await bodies(laptop), before)
  t.notOk('hacked' in globalThis || 'client' in {} || 'outputFunctionName' in {})
})

async function bodies (browser: Browser): Promise<string[]> {
  return await Promise.all(pages.map(async path => (await browser.get(path)).body))
}

/** As EJS writes text. */
function asText (text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, character => entities[character]!)
}
