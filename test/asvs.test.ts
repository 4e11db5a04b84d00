import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../src/config/package-root.ts'

/** How many requirements of levels 1 and 2 each section of the standard has; they are numbered from 1. */
const sections = {
  1.1: 2,
  1.2: 9,
  1.3: 11,
  1.4: 3,
  1.5: 2,
  2.1: 3,
  2.2: 3,
  2.3: 4,
  2.4: 1,
  3.2: 2,
  3.3: 4,
  3.4: 6,
  3.5: 5,
  3.7: 2,
  4.1: 3,
  4.2: 1,
  4.3: 2,
  4.4: 4,
  6.1: 3,
  6.2: 12,
  6.3: 4,
  6.4: 4,
  6.5: 5,
  6.6: 3,
  6.8: 4,
  7.1: 3,
  7.2: 4,
  7.3: 2,
  7.4: 5,
  7.5: 2,
  7.6: 2,
  8.1: 2,
  8.2: 3,
  8.3: 1,
  8.4: 1,
  12.1: 3,
  12.2: 2,
  12.3: 4,
  13.1: 1,
  13.2: 5,
  13.3: 2,
  13.4: 5,
  14.1: 2,
  14.2: 4,
  14.3: 3,
  16.1: 1,
  16.2: 5,
  16.3: 4,
  16.4: 3,
  16.5: 3
}

const folder = join(packageRoot, 'docs')
const page = readFileSync(join(folder, 'asvs.md'), 'utf8')
const rows = [...page.matchAll(/^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, number = '', , , state = '', shown = '']) => ({ number, state, shown }))
const linksIn = (text: string) => [...text.matchAll(/\[([^\]]+)\]\(([^)#]*)(#[^)]*)?\)/g)].map(([, name = '', path = '', anchor = '']) => ({ name, path: join(folder, path || 'asvs.md'), anchor }))
const isHere = ({ path }: { path: string }) => !path.includes('https:')

t.test('every requirement of levels 1 and 2 is listed once, in order', async t => {
  const numbers = Object.entries(sections).flatMap(([section, count]) => Array.from({ length: count }, (_, at) => `${section}.${at + 1}`))
  const inOrder = numbers.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  t.strictSame(rows.map(({ number }) => number), inOrder)
  t.equal([...page.matchAll(/^\| \d/gm)].length, rows.length, 'every row can be read')
})

t.test('each is met with something that shows it, or not, with what is missing, or does not apply, with the reason', async t => {
  for (const { number, state, shown } of rows) {
    if (state === 'met') t.ok(linksIn(shown).length > 0, number)
    else if (state === '**not met**') t.match(shown, /Needed: .{10}/, number)
    else t.match([state, shown], ['does not apply', /\w{2}.*\w/], number)
  }
  const count = (sought: string) => rows.filter(({ state }) => state.includes(sought)).length
  t.match(page, `Of ${rows.length} requirements ${rows.filter(({ state }) => state === 'met').length} are met, ${count('not met')} are not, ${count('does not apply')} do not apply.`)
})

t.test('every test that the page names is there', async t => {
  const tests = linksIn(page).filter(({ path }) => dirname(path).startsWith(join(packageRoot, 'test')) && !path.endsWith('asvs.test.ts'))
  t.ok(tests.length > 100)
  for (const { name, path } of tests) t.ok(existsSync(path) && namesIn(path).some(known => known.test(name)), `${path} ${name}`)
})

t.test('so is every heading that it leads to', async t => {
  for (const { path, anchor } of linksIn(page).filter(isHere)) {
    t.ok(existsSync(path), path)
    if (anchor !== '') t.ok(headingsOf(path).includes(anchor.slice(1)), `${path}${anchor}`)
  }
})

/** The names of the tests in a file. What a template fills in may be anything. */
function namesIn (path: string): RegExp[] {
  const calls = readFileSync(path, 'utf8').matchAll(/\b(?:test|fact)\((?:'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)"|`((?:[^`\\]|\\.)+)`)/g)
  return [...calls].map(([, single, double, template]) => new RegExp(`^${nameOf(single ?? double ?? template!)}$`))
}

function nameOf (source: string): string {
  const parts = source.replace(/\\(.)/g, '$1').split(/\$\{[^}]*\}/)
  return parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')
}

function headingsOf (path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map(heading => heading.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, '').replaceAll(' ', '-'))
}
