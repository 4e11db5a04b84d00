import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { identityHeaders } from '../../src/forward-auth/identity-headers.ts'
import { readRules } from '../../src/forward-auth/rules.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { configurations } from './proxies.ts'

const page = readFileSync(join(packageRoot, 'docs/forward-auth.md'), 'utf8')
const files = readdirSync(configurations)
const blocks = [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }))

t.test('the page shows the files that the tests run, and no others', async t => {
  const shown = blocks.map(({ text }) => text)
  for (const file of files) t.ok(shown.includes(readFileSync(join(configurations, file), 'utf8')), file)
  t.equal(blocks.filter(({ language }) => language !== '' && language !== 'sh').length, files.length)
})

t.test('what the README shows of nginx is a part of it', async t => {
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  const [, short = ''] = /^```nginx\n([^]*?)^```$/m.exec(readme)!
  const whole = readFileSync(join(configurations, 'nginx.conf'), 'utf8').split('\n').map(squeezed)
  for (const line of short.split('\n').map(squeezed)) t.ok(whole.includes(line), line)
})

t.test('its settings are settings, and its rules are rules', async t => {
  const [settings = '', ...more] = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text)
  t.strictSame(more, [])
  const given = Object.fromEntries(settings.trim().split('\n').map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  t.strictSame(Object.keys(given), ['PUBLIC_URL', 'COOKIE_DOMAIN', 'TRUSTED_PROXIES', 'FORWARD_AUTH_RULES'])
  t.equal(loadConfig(given, join(t.testdir(), 'no.env')).forwardAuthRules.length, 2)
  const rules = blocks.find(({ text }) => text.startsWith('app.example.com'))!.text
  t.equal(readRules(rules)!.length, 3)
})

t.test('every header that tells who it is stands in every configuration and in the table', async t => {
  for (const name of Object.keys(identityHeaders(null))) {
    t.match(page, new RegExp(`^\\| \`${name}\` \\|`, 'im'))
    for (const file of files.filter(file => file !== 'haproxy.cfg')) t.match(readFileSync(join(configurations, file), 'utf8').toLowerCase(), name, `${file} ${name}`)
  }
})

t.test('Caddy takes away what a client says of itself, also in the versions that would leave it', async t => {
  t.match(readFileSync(join(configurations, 'Caddyfile'), 'utf8'), /^\t\trequest_header -Remote-\*$[^]*^\t\tforward_auth /m)
})

function squeezed (line: string): string {
  return line.trim().replace(/ +/g, ' ')
}
