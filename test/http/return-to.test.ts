import t from 'tap'
import { safeReturnPath } from '../../src/http/return-to.ts'

const here = new URL('https://login.example.com')

/** Where a browser goes that is sent this in a Location header by a page here. */
const goesTo = (location: string) => new URL(location, 'https://login.example.com/login')

const elsewhere = [
  '//evil.example', '///evil.example', '////evil.example', '/\\evil.example', '/\\/evil.example', '/\\\\evil.example', '\\/evil.example', '\\\\evil.example',
  'http://evil.example', 'https://evil.example/', 'HTTPS:evil.example', 'https:/evil.example', 'https:evil.example', 'http:', 'https://login.example.com@evil.example/',
  'https://login.example.com.evil.example/', 'https://login.example.com', 'javascript:alert(1)', 'JaVaScRiPt:alert(1)', '\x01javascript:alert(1)', 'java\nscript:alert(1)',
  'data:text/html,x', 'blob:https://login.example.com/1', 'mailto:x@evil.example', 'ftp://evil.example', '/\t/evil.example', '/\n/evil.example', '/\r/evil.example', '/\r\n/evil.example',
  '\t//evil.example', ' //evil.example', '\u00a0//evil.example', '\ufeff//evil.example', '/\t\\evil.example', '/\\\tevil.example', '/.//evil.example', '/./\\evil.example', '/..//evil.example',
  '/a/..//evil.example', '/%2e//evil.example', '/%2E%2e//evil.example', '/.\t//evil.example', '/.\\/evil.example', '/.\\\\evil.example', '/a/%2e%2e//evil.example', '/a/b/../..//evil.example',
  '//evil.example/%2e%2e', '//login.example.com@evil.example', '//login.example.com:80/', '//[::1]/', '//%65vil.example', '//evil%E3%80%82example', '//ｅvil.example', '／／evil.example', '⁄⁄evil.example',
  'evil.example', 'dashboard', './dashboard', '../dashboard', '?next=x', '#x', '', ' ', ' /dashboard', '\0/dashboard', '//', '///', '/\\', '/.//', '%2f%2fevil.example', '%2fdashboard', 'null', 'undefined'
]

t.test('an address elsewhere is no path here, however it is spelled', async t => {
  for (const next of elsewhere) t.equal(safeReturnPath(next, here), null, JSON.stringify(next))
  t.equal(safeReturnPath(undefined, here), null)
})

t.test('a path here stays what it is, with its query and fragment', async t => {
  for (const next of ['/', '/dashboard', '/account/devices', '/a?b=c&d=%2F%2Fevil.example', '/a#b', '/a?next=//evil.example', '/a//b', '/%2f%2fevil.example', '/%5cevil.example', '/@evil.example', '/:80', '/;a', '/a%00', '/%zz']) {
    t.equal(safeReturnPath(next, here), next)
  }
})

t.test('a path is brought into the form that stands in a header', async t => {
  t.equal(safeReturnPath('/a/../b/./c', here), '/b/c')
  t.equal(safeReturnPath('/über?ü#ü', here), '/%C3%BCber?%C3%BC#%C3%BC')
  t.equal(safeReturnPath('/a\r\nset-cookie: x=y', here), '/aset-cookie:%20x=y')
  t.equal(safeReturnPath('/a\\b', here), '/a/b')
  t.equal(safeReturnPath('/a\0b', here), '/a%00b')
  t.equal(safeReturnPath('/"><script>', here), '/%22%3E%3Cscript%3E')
  t.equal(safeReturnPath('/\ud800', here), '/%EF%BF%BD', 'half a character')
})

t.test('whatever goes in, a browser stays here', async t => {
  const pieces = ['/', '\\', '.', '..', '%2e', '%2f', '%5c', '\t', '\n', ' ', '@', ':', '?', '#', 'evil.example', '\0', '／', 'http:', '[', '%']
  const spellings = pieces.flatMap(a => pieces.flatMap(b => pieces.map(c => `/${a}${b}${c}evil.example`)))
  const strays = spellings.filter(next => {
    const path = safeReturnPath(next, here)
    return path !== null && (!path.startsWith('/') || goesTo(path).origin !== here.origin || safeReturnPath(path, here) !== path || /[^\x21-\x7e]/.test(path))
  })
  t.strictSame(strays, [], `${spellings.length} spellings`)
})

t.test('the port and the scheme belong to here', async t => {
  const local = new URL('http://localhost:3000')
  t.equal(safeReturnPath('/dashboard', local), '/dashboard')
  for (const next of ['//localhost:3000/x', '//localhost/x', '//localhost:3001/x', 'http://localhost:3000/x']) {
    const path = safeReturnPath(next, local)
    t.ok(path === null || path === '/x', next)
  }
  t.equal(safeReturnPath('//localhost/x', local), null)
  t.equal(safeReturnPath('//localhost:3001/x', local), null)
})
