import t from 'tap'
import type { Method } from '../../src/authentication/method.ts'
import { isSatisfied } from '../../src/authentication/policy.ts'
import type { MethodName } from '../../src/sessions/session.ts'

function method (name: string, factor: Method['factor']): Method {
  return { name: name as MethodName, factor, isEnrolled: async () => true, verify: async () => null }
}

const password = method('pwd', 'knowledge')
const pin = method('pin', 'knowledge')
const code = method('otp', 'possession')
const face = method('face', 'inherence')

/** The account has these methods, and these are proven. */
function isEnough (enrolled: Method[], proven: Method[]): boolean {
  return isSatisfied(enrolled, proven.map(({ name }) => ({ method: name, at: 0 })))
}

t.test('a password is enough where there is nothing else', async t => {
  t.ok(isEnough([password], [password]))
  t.notOk(isEnough([password], []))
})

t.test('with a second factor each of two is asked for, in whatever order', async t => {
  t.notOk(isEnough([password, code], [password]))
  t.notOk(isEnough([password, code], [code]))
  t.ok(isEnough([password, code], [password, code]))
  t.ok(isEnough([password, code], [code, password]))
})

t.test('two methods of one factor are one factor', async t => {
  t.ok(isEnough([password, pin], [password]))
  t.notOk(isEnough([password, pin, code], [password, pin]))
})

t.test('two factors are enough, however many there are', async t => {
  t.ok(isEnough([password, code, face], [password, face]))
  t.notOk(isEnough([password, code, face], [face]))
})

t.test('a proof counts for as long as the account has its method', async t => {
  t.notOk(isEnough([], []))
  t.notOk(isEnough([], [password]))
  t.notOk(isEnough([password, code], [password, face]))
})
