import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import fc from 'fast-check'
import t from 'tap'
import { passwordProblem, type ChosenPassword } from '../../src/credentials/password-policy.ts'

const grace = { email: 'grace.b@navy.example', firstName: 'Grace', lastName: 'Hopper', minLength: 15, siteName: 'login.parrot-farm.example' }
const problem = (password: string, more: Partial<ChosenPassword> = {}) => passwordProblem({ ...grace, password, ...more })

/** 24 characters as they are, backwards and in two spellings, for words and for sequences of words; and again for what is repeated in them. */
const MOST_LOOK_UPS = 2 * 8 * 300

const easy = /easy to guess/
const own = /mostly your name, your email or the name of this site/

t.test('a few words that do not belong together are taken, in any script and with any characters', async t => {
  for (const password of [
    'nanoseconds are short wires', 'another fifteen letters', 'glacier tulip umber saddle', 'riverstonetable', 'xkqjzvwpblmdgth', 'vT7#qLw9!zKd2@Xm',
    'パスワードは十五文字以上です。ね', 'длинный пароль из слов', 'cafe\u0301 au lait \u{1f950} et miel', '  spaces  before and after  ', '🗝🦜🧭🎷🛶🪁🧄🪴🦔🍋🥁🧶🪵🐙🛼', '" or 1=1; -- <b>{x}'
  ]) t.equal(problem(password), null, password)
})

t.test('its length is counted in characters as people see them, after NFC', async t => {
  const least = 'kxqzvwpblmdgthé'
  t.equal(problem(least), null)
  t.match(problem(least.slice(1)), /^Choose a password of at least 15 characters\.$/)
  t.match(problem(least.slice(1).normalize('NFD')), /at least 15/, 'an accent of its own is no character more')
  t.match(problem('🗝🦜🧭🎷🛶🪁🧄🪴'), /at least 15/, 'half a character is none')
  t.match(problem(''), /at least 15/)
})

t.test('it may take up to 1,024 bytes', async t => {
  t.equal(problem('nanoseconds are short wires'.padEnd(1024, '-')), null)
  t.match(problem('nanoseconds are short wires'.padEnd(1025, '-')), /up to 1,024 bytes/)
  t.equal(problem(`nanoseconds are short wires-${'e\u0301'.repeat(498)}`), null, 'NFC takes less')
  t.match(problem(`nanoseconds are short wires-${'é'.repeat(499)}`), /up to 1,024 bytes/)
})

t.test('what is guessed early is refused, however long it is', async t => {
  for (const password of [
    'aaaaaaaaaaaaaaaa', 'passwordpassword', '123456789012345', 'qwertyuiopasdfgh', 'abcdefghijklmnop', '1q2w3e4r5t6y7u8i', 'iloveyouiloveyou', 'P@ssw0rd1234567',
    'drowssapdrowssap', 'letmeinplease123', 'summer2024summer', 'ILoveYouForever!', 'hunter2 hunter2 hunter2', 'zse4rfvgy7ujmko', 'informationgovernment', 'brendacrissie1987', 'correct horse battery staple', 'CorrectHorseBatteryStaple', 'x'.repeat(1024), ' '.repeat(20)
  ]) t.match(problem(password), easy, password)
})

t.test('where eight characters are enough, eight random ones are', async t => {
  for (const password of ['kxqzvwpb', 'q7!Lp2x_', ' ẞ🗝 " <b>', 'Tr0ub4dor&3']) t.equal(problem(password, { minLength: 8 }), null, password)
  for (const password of ['password', 'football', 'dragon12', '12345678', 'qwertyui', 'aaaaaaaa']) t.match(problem(password, { minLength: 8 }), easy, password)
})

t.test('what others know of the user or the site is no password', async t => {
  for (const password of [
    'grace.b@navy.example', 'Grace.B@Navy.Example', 'gracehopper2026', 'Hopper, Grace!!', 'My name is Grace Hopper', 'grace hopper grace hopper', 'H O P P E R grace 1', 'GRACE\u2003HOPPER\u20031906',
    'Latchkey Latchkey', 'my latchkey password'.slice(0, 15), 'login.parrot-farm.example', 'parrot-farm 2026'
  ]) t.match(problem(password), own, password)
  t.match(problem('gr4c3h0pp3r1906'), easy, 'digits for letters')
  t.match(problem('reppohecarg1906'), easy, 'backwards')
})

t.test('a name among enough else is taken', async t => {
  for (const password of ['grace beside seventeen purple lanterns', 'the parrot reads newspapers at noon', 'where is my latchkey, dear umbrella']) t.equal(problem(password), null, password)
})

t.test('a name is a name in every script and with any marks, and a very short one is in every password', async t => {
  t.match(problem('Zoë Ångström 2026', { firstName: 'Zoe\u0308', lastName: 'A\u030angstro\u0308m' }), own)
  t.match(problem('mary ann o’neill 12', { firstName: 'Mary Ann', lastName: 'O’Neill' }), own)
  t.match(problem('Константин2026!', { firstName: 'Константин' }), own)
  t.equal(problem('area oboe aeon eau', { firstName: 'A', lastName: 'E. O.' }), null)
  t.match(problem('gracegrace123456', { email: '', firstName: 'Ace', lastName: 'Grace' }), own, 'a name within a name')
  t.equal(problem('nanoseconds are short wires', { email: '', firstName: '', lastName: '', siteName: '' }), null)
})

t.test('whatever is typed, the answer is one and the same sentence or none', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('\ud800', '\udfff', '\0', 'İ', 'ß', 'ﬁ', '\u0301', 'K', 'a', '1', '(', '$&', '\u2028'), maxLength: 30 }),
    fc.array(fc.constantFrom('constructor', '__proto__', 'password', 'grace', '2026', '1111', 'qwerty', ' ', '@', '$1', 'toString'), { maxLength: 8 }).map(parts => parts.join(''))
  )
  fc.assert(fc.property(text, text, text, fc.integer({ min: 8, max: 256 }), (password, email, name, minLength) => {
    const told = [1, 2].map(() => problem(password, { email, firstName: name, lastName: email, siteName: name, minLength }))
    const long = [...password.normalize('NFC')].length >= minLength
    return told[0] === told[1] && (told[0] === null ? long : /^[A-Z][^.]*\.( [A-Z][^.]*\.)?$/.test(told[0]!))
  }), { numRuns: 500 })
})

t.test('whatever is typed, its estimate is a bounded number of look-ups in three lists of words and one of names', async t => {
  // The policy keeps its estimator to itself, which shows at its first estimate.
  const checks = t.capture(ZxcvbnFactory.prototype, 'check', ZxcvbnFactory.prototype.check)
  problem('nanoseconds are short wires')
  const { matching, options } = checks()[0]!.receiver as unknown as Estimator
  t.equal(Object.keys(options.rankedDictionaries).length, 3)
  const dictionary: { match: (options: { password: string }) => unknown } = Object.getPrototypeOf(matching.matchers.dictionary)
  const passes = t.capture(dictionary, 'match', dictionary.match)

  const nasty = fc.constantFrom('1', '1!', '4@5$', '(){}[]', '|)|(|_|', 'ab', 'aab', '1234567890', '2020', '01012000', 'p@ssw0rd', 'qwertyuiop', '12122121', 'x', ' ', 'é')
  const password = fc.array(nasty, { minLength: 1, maxLength: 12 }).chain(parts => fc.integer({ min: 8, max: 1024 }).map(length => parts.join('').repeat(length).slice(0, length)))
  fc.assert(fc.property(password, typed => {
    passwordProblem({ ...grace, minLength: 8, email: `${'ab.'.repeat(80)}@x.example`, firstName: 'a1 '.repeat(33), lastName: '@4 '.repeat(33), password: typed })
    const lengths = passes().map(({ args: [{ password }] }) => password.length)
    return lengths.every(length => length <= 24) && lookUps(lengths) <= MOST_LOOK_UPS
  }), { numRuns: 100 })
})

/** What it is made of inside. */
interface Estimator {
  options: { rankedDictionaries: object }
  matching: { matchers: { dictionary: object } }
}

/** Every part of a text is looked up once in a pass. */
function lookUps (lengths: number[]): number {
  return lengths.map(length => length * (length + 1) / 2).reduce((all, each) => all + each, 0)
}
