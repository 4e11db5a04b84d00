import fc from 'fast-check'
import t from 'tap'
import { canonicalEmail } from '../../src/users/email-address.ts'

t.test('a canonical form is its own canonical form', async () => {
  const units = 'jJhtwyaHTWY\u030c\u0331\u0308\u030a\u02beİıßẞΣςσΐ\u0301\u0345ΩÅ'
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...units), minLength: 1, maxLength: 4 }), local => {
    const once = canonicalEmail(`${local}@example.com`)
    return once === null || (canonicalEmail(once) === once && once.normalize('NFC') === once)
  }), { numRuns: 5000 })
})

t.test('letters that only have one form in lower case are one address', async t => {
  t.equal(canonicalEmail('J\u030c@example.com'), canonicalEmail('\u01f0@example.com'))
})

t.test('after the domain nothing is left out', async t => {
  for (const tail of ['/evil', '?x', '#x', '\\x', '/', '/@', '\n.org', '\t', '/../..', '?']) {
    t.equal(canonicalEmail(`grace@example.com${tail}x`), null, JSON.stringify(tail))
  }
  t.equal(canonicalEmail('grace@exam\nple.com'), null)
  t.equal(canonicalEmail('grace@exam%70le.com'), null)
  t.equal(canonicalEmail('grace@0x7f.1'), null)
})

t.test('letters that nobody can see are refused', async t => {
  for (const hidden of ['\u034f', '\u115f', '\u1160', '\u17b4', '\u180b', '\u2800', '\u3164', '\ufe0f', '\uffa0', '\u{e0100}']) {
    t.equal(canonicalEmail(`gr${hidden}ace@example.com`), null, `U+${hidden.codePointAt(0)!.toString(16)}`)
  }
})

t.test('local parts and labels have the lengths that mail has', async t => {
  t.equal(canonicalEmail(`a@${'a'.repeat(64)}.com`), null)
  t.equal(canonicalEmail('a@-'), null)
  t.equal(canonicalEmail('a@-a-.com'), null)
  t.equal(canonicalEmail(`${'é'.repeat(64)}@example.com`), null, 'octets')
})
