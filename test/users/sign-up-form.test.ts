import t from 'tap'
import Schema from 'typebox/schema'
import { signUpForm } from '../../src/users/sign-up-form.ts'

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

t.test('each field has a sentence that says what it takes', async t => {
  t.strictSame(Object.keys(sentences), Object.keys(good))
  t.match(sentences.password, 'at least 15 characters')
  t.match(signUpForm(8).sentences.password, 'at least 8 characters')
  t.ok(Schema.Check(signUpForm(8).schema, { ...good, password: '12345678' }))
})
