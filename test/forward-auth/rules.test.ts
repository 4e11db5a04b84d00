import t from 'tap'
import { type Access, decide, readRules, requirementOf } from '../../src/forward-auth/rules.ts'

const boss = { id: 'bossbossbossbossbossbo', email: 'boss@example.com' }
const grace = { id: 'gracegracegracegracegr', email: 'grace@example.com' }
const documented = 'app.example.com/public anyone; app.example.com/admin boss@example.com; app.example.com users'

/** @param url with its path as it is sent */
function requirement (rules: string, url: string) {
  const { hostname, origin } = new URL(url)
  return requirementOf(readRules(rules)!, { hostname, path: url.slice(origin.length).split('?')[0]! })
}

/** What becomes of a request of a stranger, of a user and of the boss. */
function decisions (path: string, rules = documented) {
  const required = requirement(rules, `https://app.example.com${path}`)
  return required === null ? 'invalid' : [null, grace, boss].map(user => decide(required, user)).join()
}

const forAnyone = 'pass,pass,pass'
const forUsers = 'log in,pass,pass'
const forTheBoss = 'log in,forbidden,pass'
const ambiguous = 'forbidden,forbidden,pass'

t.test('where no rule fits, a login is required', async t => {
  for (const rules of ['', 'other.example.com anyone', 'app.example.com/public anyone']) t.equal(decisions('/', rules), forUsers, rules)
})

t.test('the first rule that fits decides', async t => {
  const rules = 'app.example.com/public anyone; app.example.com/admin boss@example.com @board.example.com; app.example.com users; *.example.com anyone; * users'
  const decided: Record<string, Access> = {
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
  for (const [url, access] of Object.entries(decided)) t.strictSame(requirement(rules, url), { accesses: [access], isAmbiguous: false }, url)
})

t.test('a path in its normalized form is decided by its rule', async t => {
  const paths = {
    [forAnyone]: ['/public', '/public/', '/public/x', '/public/%20x', '/public/caf%C3%A9', '/public/a%40b', "/public/a!$&'()*+,=:@-._~", '/public/[x]|y'],
    [forUsers]: ['/', '/x', '/x%20y', '/x/', '/.well-known/x', '/..x', '/x..', '/x.html', '/administration', '/admin.json', '/caf%c3%a9', '/%E5%90%8D', '/U.S.', '/A%EF%BC%9F'],
    [forTheBoss]: ['/admin', '/admin/', '/admin/x', '/admin/x.json', '/admin/public']
  }
  for (const [expected, list] of Object.entries(paths)) for (const path of list) t.equal(decisions(path), expected, path)
})

t.test('a path that programs read in more than one way passes for those only whom every rule of the host lets pass', async t => {
  const paths = [
    '/public/a\\b/../../admin/x', '/public/../admin//../public/x', '/y/../admin//../x', '/y%2fz/../%61dmin/x', '/admin%23', '/admin%3f', '/admin%00', '/C%23', '/x%25', '/x#y', '/x%0Ay',
    '//admin', '/x//../admin', '/%61dmin', '/%2561dmin', '/x/..%2fadmin', '/x/%252e%252e/admin', '/admin;x=1/y', '/a;b', '/a%3Bb', '\\admin', '/x%5c..%5cadmin', '/x//y', '/x//', '//', '/x/.', '/x/..', '/x%2fy', '/x%2Fy', '/%70x', '/%5Ax', '/%7a',
    '/public/..%2fadmin', '/public%2f..%2fadmin', '/public/%2e%2e/admin', '/public/..;/admin', '/public/.%2e/admin', '/public/%2E./admin', '/public/%2e', '/public/%7Ex', '/public/%2d', '/public/%5f', '/public/%30',
    '/public/.. /admin', '/public/..%20/admin', '/public/.%20./admin', '/public/.../admin', '/public/%20/admin', '/public/x%7F', '/public/%C2%85/x', '/public/caf\u00c3\u00a9',
    '/public/%EF%BC%8E%EF%BC%8E/admin', '/public/%E2%80%A5/admin', '/public/.%E2%80%8B./admin',
    '/public/..%EF%BC%9Bx/admin', '/public/..%CD%BEx/admin', '/public/..%EF%BC%BCadmin', '/public/..%EF%B9%A8admin', '/public/..%EF%BC%9F', '/public/x/.%EF%BC%83'
  ]
  for (const path of paths) t.equal(decisions(path), ambiguous, path)
  for (const path of ['//x', '/C%23', '/x/../y']) {
    t.equal(decisions(path, 'app.example.com/a users; app.example.com users'), forUsers, 'a login helps where every user may pass')
    t.equal(decisions(path, 'app.example.com/a anyone'), forUsers, 'where no rule fits counts too')
    t.equal(decisions(path, 'app.example.com anyone; app.example.com/admin boss@example.com'), forAnyone, 'but no rule behind one for the whole host')
    t.equal(decisions(path, 'app.example.com/a anyone; app.example.com/b anyone; app.example.com anyone'), forAnyone)
    t.equal(decisions(path, 'app.example.com boss@example.com'), ambiguous)
  }
})

t.test('a path that cannot be decoded passes for nobody', async t => {
  const paths = ['/%', '/%4', '/%zz', '/%u0061dmin', '/%ff', '/%61dmin/%ff', '/x%C0%AE', '/%c0%2e', '/%ED%A0%80', '/%F4%90%80%80', '/%E2%82', '/\u00ff', '/\u00c0\u00ae', '/caf\u00c3', '/%C3\u00a9', '/..%c0%af']
  for (const path of paths) for (const rules of [documented, 'app.example.com anyone']) t.equal(decisions(path, rules), 'invalid', path)
})

t.test('where letters differ by case, accent or form only, the stricter rule counts too', async t => {
  const rules = 'app.example.com/Public anyone; app.example.com/kiosk/admin boss@example.com; app.example.com/strasse boss@example.com; app.example.com users'
  const paths = {
    [forAnyone]: ['/Public', '/Public/x'],
    [forUsers]: ['/public', '/PUBLIC/x', '/P%C3%BAblic', '/kiosk', '/%E2%84%AAiosk', '/stra', '/Public.', '/stra%C3%9Fen'],
    [forTheBoss]: [
      '/kiosk/admin', '/KIOSK/ADMIN', '/Kiosk/admin/x', '/%E2%84%AAiosk/admin', '/kio%C5%BFk/admin', '/k%C4%B1osk/admin', '/k%C4%B0osk/adm%C4%B1n', '/k%C3%ADosk/%C3%A4dmin', '/%EF%BD%8Biosk/admin', '/kiosk/%E2%93%90dmin',
      '/kiosk/ad%C2%ADmin', '/kiosk/ad%E2%80%8Bmin', '/stra%C3%9Fe', '/STRASSE', '/kiosk/admin.', '/kiosk/admin%20', '/kiosk/%20admin', '/kiosk./admin. .', '/kiosk/admin%EF%BC%8E',
      '/kiosk/admin%EF%BC%9Bx', '/kiosk/admin%CD%BEx', '/kiosk/admin%EF%BC%BCx', '/kiosk/admin%EF%B9%A8x', '/kiosk/admin%EF%BC%9F', '/kiosk/admin%EF%BC%83x', '/kiosk/admin%EF%BC%85x', '/kiosk%EF%BC%8Fadmin'
    ]
  }
  for (const [expected, list] of Object.entries(paths)) for (const path of list) t.equal(decisions(path, rules), expected, path)
  t.equal(decisions('/a%40b', 'app.example.com/a@b boss@example.com'), forTheBoss, 'and where a character is encoded that need not be')
})

t.test('people are named by email, in any spelling, or by domain', async t => {
  const { access } = readRules('app.example.com Grace@Example.com @BÜCHER.example')![0]!
  t.strictSame(access, ['grace@example.com', '@xn--bcher-kva.example'])
  const passes = (user: { id: string, email: string }, access: Access) => decide({ accesses: [access], isAmbiguous: false }, user) === 'pass'
  for (const email of ['grace@example.com', 'anybody@xn--bcher-kva.example']) t.ok(passes({ id: 'x', email }, access), email)
  for (const email of ['ada@example.com', 'grace@example.com.evil.example', 'x@sub.xn--bcher-kva.example', 'notgrace@example.com']) t.notOk(passes({ id: 'x', email }, access), email)
  t.ok(passes(boss, readRules(`app.example.com ${boss.id}`)![0]!.access), 'or by id')
})

t.test('a rule that cannot be meant is none', async t => {
  t.strictSame(readRules(' app.example.com/a/ users ;\n * anyone; '), [{ host: 'app.example.com', path: '/a', access: 'users' }, { host: '*', path: '/', access: 'anyone' }])
  const wrong = [
    'app.example.com', 'users', 'app.example.com anyone users', 'app.example.com everybody', 'app.example.com grace@', 'app.example.com @', 'https://app.example.com users', 'app.example.com:80 users', 'app.*.com users', 'App.example.com users',
    'app.example.com/café users', 'app.example.com//b users', 'app.example.com/%41 users', 'app.example.com/a?b users', 'app.example.com/a#b users', 'app.example.com/a/../b users', 'app.example.com/a/. users', 'app.example.com/... users'
  ]
  for (const rules of wrong) t.equal(readRules(rules), null, rules)
})
