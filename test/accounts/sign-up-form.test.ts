import t from 'tap'
import Schema from 'typebox/schema'
import { signUpForm } from '../../src/accounts/sign-up-form.ts'

const { schema, sentences } = signUpForm(15)
const good = { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password: 'nanoseconds are short wires' }
const takes = (form: unknown) => Schema.Check(schema, form)

t.test('the form takes what the page sends', async t => {
  t.ok(takes(good))
  t.ok(takes({ ...good, first_name: 'x'.repeat(100), last_name: ' x ', email: 'x'.repeat(254), password: 'x'.repeat(1024) }), 'up to the limits')
  t.ok(takes({ ...good, first_name: '名', password: 'パスワードは十五文字以上です。ね' }))
  t.ok(takes({ ...good, password: '' }), 'which passwords are good is for the policy to say')
})

t.test('and nothing else', async t => {
  for (const name of Object.keys(good)) {
    const { [name]: _, ...rest } = good as Record<string, string>
    t.notOk(takes(rest), `no ${name}`)
    for (const wrong of [null, 1, true, [], ['x'], {}, undefined]) t.notOk(takes({ ...good, [name]: wrong }), `${name}: ${JSON.stringify(wrong)}`)
  }
  for (const name of ['first_name', 'last_name']) for (const wrong of ['', ' ', '\t\n', '\u00a0', 'x'.repeat(101)]) t.notOk(takes({ ...good, [name]: wrong }), name)
  t.notOk(takes({ ...good, email: 'x'.repeat(255) }))
  t.notOk(takes({ ...good, password: 'x'.repeat(1025) }))
  for (const more of ['admin', 'id', 'session_epoch', 'constructor', 'disabledAt']) t.notOk(takes({ ...good, [more]: 'x' }), more)
  t.notOk(takes(JSON.parse(`{"__proto__":{},${JSON.stringify(good).slice(1)}`)), '__proto__')
  for (const wrong of [null, undefined, 'x', [], 1]) t.notOk(takes(wrong))
})

t.test('a name with characters that nobody sees is refused', async t => {
  const invisible = {
    'bidirectional controls': ['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
    'zero-width characters': ['\u200b', '\u200c', '\u200d', '\u2060', '\u2063', '\ufeff', '\u180e', '\u034f', '\u00ad'],
    'tag characters': ['\u{e0001}', '\u{e0041}', '\u{e007f}'],
    'fillers, selectors of a form that there is not': ['\u115f', '\u1160', '\u3164', '\uffa0', '\ufe00', '\ufe0f', '\u{e0100}', '\u{e01ef}', '\u{e0fff}'],
    'line separators, annotations': ['\u2028', '\u2029', '\ufff9', '\ufffb']
  }
  for (const [kind, characters] of Object.entries(invisible)) {
    for (const character of characters) {
      const shown = `${kind}: U+${character.codePointAt(0)!.toString(16)}`
      for (const name of [`Gr${character}ace`, `${character}Grace`, `Grace${character}`, character]) t.notOk(takes({ ...good, first_name: name }), shown)
      t.notOk(takes({ ...good, last_name: `Hop${character}per` }), shown)
    }
  }
  for (const name of ['👩\u200d🚀 Grace', 'علی\u200c\u200cرضا', '辻\u{e0100}\u{e0101}', 'Grace 1\ufe0f']) t.notOk(takes({ ...good, first_name: name }), name)
})

t.test('a name is taken as its script writes it', async t => {
  const names = [
    'علی\u200cرضا', 'ප්\u200dරියන්ත', 'അവന്\u200d', 'क्\u200dष', '\u1820\u180b\u1820', '辻\u{e0100}', '葛', 'נועה', 'محمد', 'สมชาย', 'ᠮᠤᠩᠭᠤᠯ',
    "O'Neil", 'O’Neil', 'Zoë', 'Zoe\u0308', 'Jean-Luc', 'Łukasz', 'María José', 'Nguyễn', '이순신', 'やまだ', 'Grace ❤\ufe0f', 'Grace 😀'
  ]
  for (const name of names) t.ok(takes({ ...good, first_name: name, last_name: name }), name)
})

t.test('each field has a sentence that says what it takes', async t => {
  t.strictSame(Object.keys(sentences), Object.keys(good))
  t.match(sentences.password, 'at least 15 characters')
  t.match(signUpForm(8).sentences.password, 'at least 8 characters')
  t.ok(Schema.Check(signUpForm(8).schema, { ...good, password: '12345678' }))
})
