import t from 'tap'
import { isAmong, readRules, whoMayPass } from '../../src/forward-auth/rules.ts'

function who (rules: string, address: string) {
  const url = new URL(address)
  return whoMayPass(readRules(rules)!, { hostname: url.hostname, path: address.slice(url.origin.length).split('?')[0]! })
}

t.test('where no rule fits, a user has to be logged in', async t => {
  t.equal(who('', 'https://app.example.com/'), 'users')
  t.equal(who('other.example.com anyone', 'https://app.example.com/'), 'users')
  t.equal(who('app.example.com/public anyone', 'https://app.example.com/'), 'users')
})

t.test('the first rule that fits decides', async t => {
  const rules = 'app.example.com/public anyone; app.example.com/admin boss@example.com @board.example.com; app.example.com users; *.example.com anyone; * users'
  const decided = {
    'https://app.example.com/public': 'anyone',
    'https://app.example.com/public/': 'anyone',
    'https://app.example.com:8443/public/a?b=/admin': 'anyone',
    'https://app.example.com/publications': 'users',
    'https://app.example.com/': 'users',
    'https://APP.example.com/admin/x': ['boss@example.com', '@board.example.com'],
    'https://wiki.example.com/admin': 'anyone',
    'https://a.b.example.com/': 'anyone',
    'https://example.com/': 'users',
    'https://notexample.com/': 'users'
  }
  for (const [address, expected] of Object.entries(decided)) t.strictSame(who(rules, address), expected, address)
})

t.test('a path that programs read in more than one way passes by no rule', async t => {
  const rules = 'app.example.com/admin boss@example.com; app.example.com/public anyone; app.example.com users'
  const twofold = [
    '//admin', '/x//../admin', '/%61dmin', '/%2561dmin', '/x/..%2fadmin', '/x/%252e%252e/admin', '/admin;x=1/y', '/ADMIN', '/Admin/users', '\\admin', '/x%5c..%5cadmin',
    '/public/..%2fadmin', '/public%2f..%2fadmin', '/public/%2e%2e%2fadmin', '/public/..;/admin', '/%61dmin/%ff', '/%61dmin/%', '/x/..%2fadmin/%ff', '/%61dmin/%ff/..'
  ]
  for (const path of twofold) {
    const decided = who(rules, `https://app.example.com${path}`)
    t.ok(decided === null || Array.isArray(decided), `${path} → ${String(decided)}`)
  }
  for (const path of ['/x%20y', '/x/%2f', '/%ff', '/a;b', '/x//y', '/X']) t.equal(who(rules, `https://app.example.com${path}`), 'users', path)
  t.equal(who('app.example.com anyone', 'https://app.example.com//x/..%2fy'), 'anyone', 'where one rule is for the whole host, no reading matters')
})

t.test('people are named by email, in any spelling, or by domain', async t => {
  const some = readRules('app.example.com Grace@Example.com @BÜCHER.example')![0]!.who
  t.strictSame(some, ['grace@example.com', '@xn--bcher-kva.example'])
  const isIn = (email: string, id = 'x') => isAmong(some, { id, email })
  for (const email of ['grace@example.com', 'anybody@xn--bcher-kva.example']) t.ok(isIn(email), email)
  for (const email of ['ada@example.com', 'grace@example.com.evil.example', 'x@sub.xn--bcher-kva.example', 'notgrace@example.com']) t.notOk(isIn(email), email)
  t.ok(isAmong('users', { id: 'x', email: 'ada@example.com' }))
  t.ok(isAmong(readRules('app.example.com abcdefghij-klmnopqr_st')![0]!.who, { id: 'abcdefghij-klmnopqr_st', email: 'ada@example.com' }), 'or by id')
})

t.test('a rule that cannot be meant is none', async t => {
  t.strictSame(readRules(' app.example.com/a/ users ;\n * anyone; '), [{ host: 'app.example.com', path: '/a', who: 'users' }, { host: '*', path: '/', who: 'anyone' }])
  const wrong = ['app.example.com', 'users', 'app.example.com anyone users', 'app.example.com everybody', 'app.example.com grace@', 'app.example.com @', 'https://app.example.com users', 'app.example.com:80 users', 'app.*.com users', 'App.example.com users', 'app.example.com/café users', 'app.example.com//b users', 'app.example.com/%41 users', 'app.example.com/a?b users', 'app.example.com/a#b users']
  for (const rules of wrong) t.equal(readRules(rules), null, rules)
})
