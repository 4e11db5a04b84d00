import fc from 'fast-check'
import t from 'tap'
import { canonicalEmail } from '../../src/users/email-address.ts'

t.test('one address has one form, however it is typed', async t => {
  for (const typed of ['grace@example.com', '  grace@example.com\t', 'GRACE@EXAMPLE.COM', 'Grace@Example.Com', 'grace@ｅｘａｍｐｌｅ.com', 'grace@example。com', 'grace@exam\u00adple.com']) {
    t.equal(canonicalEmail(typed), 'grace@example.com', typed)
  }
  t.equal(canonicalEmail('rene\u0301@example.com'), canonicalEmail('ren\u00e9@example.com'), 'letters of one part or two')
  t.equal(canonicalEmail('\u212aelvin@example.com'), 'kelvin@example.com', 'the Kelvin sign is a k')
})

t.test('a domain of any script is written as A-labels', async t => {
  t.equal(canonicalEmail('a@bücher.example'), 'a@xn--bcher-kva.example')
  t.equal(canonicalEmail('a@BU\u0308CHER.example'), 'a@xn--bcher-kva.example')
  t.equal(canonicalEmail('a@xn--bcher-kva.example'), 'a@xn--bcher-kva.example')
  t.equal(canonicalEmail('用户@例え.jp'), '用户@xn--r8jz45g.jp')
})

t.test('domains that look alike are two', async t => {
  t.not(canonicalEmail('a@ex\u0430mple.com'), 'a@example.com', 'a Cyrillic letter')
  t.match(canonicalEmail('a@ex\u0430mple.com'), /^a@xn--/, 'and it shows')
})

t.test('what does not look like an address is none', async t => {
  const none = [
    '', ' ', '@', 'grace', 'grace@', '@example.com', 'grace@@example.com', 'a@b@example.com', '"a@b"@example.com', 'gr ace@example.com', 'grace @example.com', 'grace@ example.com', 'grace@exam ple.com',
    'grace@example..com', 'grace@.example.com', 'grace@example.com.', 'grace@[127.0.0.1]', 'grace@[::1]', 'grace@exa_mple.com', 'grace@example.com:25', 'grace@xn--', 'grace@%00', 'grace@ex%ample.com',
    '<grace@example.com>', 'Grace <grace@example.com>', 'grace,ada@example.com', 'grace;ada@example.com', '(grace)@example.com', 'gra\\ce@example.com', 'grace:@example.com', 'mailto:grace@example.com', 'gr[ac]e@example.com'
  ]
  for (const typed of none) t.equal(canonicalEmail(typed), null, JSON.stringify(typed))
})

t.test('nothing invisible hides in an address: no control, format, unassigned or half characters', async t => {
  for (const hidden of ['\0', '\x07', '\x1b', '\x7f', '\x85', '\u00ad', '\u200b', '\u200d', '\u200e', '\u202e', '\u2060', '\u2066', '\ufeff', '\ufff9', '\u{e0041}', '\ue000', '\uffff', '\u0378', '\ud800', '\n', '\u2028', '\u00a0', '\u3000']) {
    t.equal(canonicalEmail(`gr${hidden}ace@example.com`), null, `U+${hidden.codePointAt(0)!.toString(16)}`)
  }
})

t.test('the lengths of RFC 5321 are the limit', async t => {
  const domain = (length: number) => `${'a.'.repeat(200)}`.slice(0, length - 1) + 'a'
  t.ok(canonicalEmail(`${'a'.repeat(64)}@example.com`))
  t.equal(canonicalEmail(`${'a'.repeat(65)}@example.com`), null)
  t.equal(canonicalEmail(`${'a'.repeat(64)}@${domain(189)}`)?.length, 254)
  t.equal(canonicalEmail(`${'a'.repeat(64)}@${domain(191)}`), null)
  t.equal(canonicalEmail(`a@${'ü.'.repeat(60)}com`), null, 'A-labels count, not what was typed')
  t.equal(canonicalEmail('a'.repeat(1_000_000)), null)
  t.equal(canonicalEmail('@'.repeat(100_000)), null)
})

t.test('whatever is typed, what comes out is one plain line', async t => {
  const typed = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), fc.domain()).map(parts => parts.join('@')),
    fc.emailAddress()
  )
  fc.assert(fc.property(typed, email => {
    const canonical = canonicalEmail(email)
    return canonical === null || (/^[^\s@]+@[a-z0-9.-]+$/.test(canonical) && canonical.length <= 254)
  }), { numRuns: 1000 })
  t.pass('a thousand spellings')
})
