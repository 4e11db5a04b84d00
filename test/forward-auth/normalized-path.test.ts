import { posix } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Access, decide, requirementOf, type Rule } from '../../src/forward-auth/rules.ts'

const boss = { id: 'bossbossbossbossbossbo', email: 'boss@example.com' }
const people = [null, { id: 'gracegracegracegracegr', email: 'grace@example.com' }, boss]
const hostname = 'app.example.com'

/** What programs make of a path, one step after the other. */
const steps = {
  /** Fetch API servers. */
  whatwg: (path: string) => new URL(`http://x${path}`).pathname,
  /** RFC 3986, 5.2.4 */
  rfc3986: removeDotSegments,
  /** nginx, Go, Python */
  posix: (path: string) => posix.normalize(path),
  decode: (path: string) => path.replace(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString()),
  decodeAscii: (path: string) => path.replace(/%[2-7][0-9a-f]/gi, byte => String.fromCharCode(parseInt(byte.slice(1), 16))),
  /** Windows and IIS */
  backslashes: (path: string) => path.replaceAll('\\', '/'),
  /** Java */
  parameters: (path: string) => path.replace(/;[^/]*/g, ''),
  /** C */
  cut: (path: string) => path.split(/[?#\0]/)[0]!
}

type Step = keyof typeof steps
const decoded = (...between: Step[]): Step[][] => [between, ['decode', ...between], ['decode', 'decode', ...between], [...between, 'decode'], [...between, 'decode', 'decode'], ['decode', ...between, 'decode']]
/** Each parser, with the path decoded not at all, once or twice, before it and after it. */
const parsers = (['whatwg', 'rfc3986', 'posix'] as const).flatMap(parser => decoded(parser))

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('/', '/public', '/admin', '/x', '/..', '/.', '/public/', '/admin/', '/kiosk') },
  { weight: 2, arbitrary: fc.constantFrom('//', '\\', '%2f', '%5C', '%2e', '.', '..', '%61', '%41', ';', '%3b', '#', '%23', '?', '%3F', '%00', '%0a', '%25', '%252e', '%2525', ' ', '%20', '~', '%7e', '%40', '@') },
  { weight: 1, arbitrary: fc.constantFrom('/ADMIN', '/Public', '%', '%c0%ae', '%ff', '%C3%A9', '%E2%84%AA', '%C5%BF', '%C4%B1', '%EF%BC%8E%EF%BC%8E', '%EF%BC%8F', '%E2%80%A5', '\u00c3\u00a9', '\u0085') },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 3, unit: 'binary-ascii' }) }
)
const path = fc.array(piece, { minLength: 1, maxLength: 7 }).map(pieces => `/${pieces.join('')}`.replace(/^\/\//, '/'))
const access = fc.constantFrom<Access>('anyone', 'users', ['boss@example.com'])
const rule = fc.record<Rule>({ host: fc.constant(hostname), path: fc.constantFrom('/public', '/admin', '/admin/public', '/Public', '/kiosk', '/@', '/x', '/'), access })
const rules = fc.oneof(
  fc.array(rule, { minLength: 1, maxLength: 5 }),
  fc.constant<Rule[]>([{ host: hostname, path: '/public', access: 'anyone' }, { host: hostname, path: '/admin', access: ['boss@example.com'] }, { host: hostname, path: '/', access: 'users' }])
)

t.test('every path that passes is admitted as every parser reads it, before and after decoding', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(rules, path, isAdmittedAs(parsers)), { numRuns: 3_000 }))
})

t.test('and as any program reads it that combines such steps', async t => {
  const combined = fc.array(fc.constantFrom(...Object.keys(steps) as Step[]), { minLength: 1, maxLength: 4 })
  t.doesNotThrow(() => fc.assert(fc.property(rules, path, fc.array(combined, { minLength: 1, maxLength: 8 }), (rules, path, all) => isAdmittedAs(all)(rules, path)), { numRuns: 3_000 }))
})

t.test('it is the strict form that refuses, not the rules: a path of letters, digits and slashes passes by its rule alone', async t => {
  const plain = fc.array(fc.stringMatching(/^[a-z0-9_~-]{1,8}$/), { minLength: 1, maxLength: 5 }).map(segments => `/${segments.join('/')}`)
  t.doesNotThrow(() => fc.assert(fc.property(rules, plain, (rules, path) => {
    const { accesses, isAmbiguous } = requirementOf(rules, { hostname, path })!
    return !isAmbiguous && people.every(user => (decide({ accesses, isAmbiguous }, user) === 'pass') === passes(firstThatFits(rules, path), user))
  }), { numRuns: 1_000 }))
})

function isAdmittedAs (readings: Step[][]) {
  return (rules: Rule[], path: string) => {
    const requirement = requirementOf(rules, { hostname, path })
    if (requirement === null) return
    for (const user of people.filter(user => decide(requirement, user) === 'pass')) {
      for (const reading of readings) {
        const read = reading.reduce((path, step) => steps[step](path), path)
        const accesses = [firstThatFits(rules, read), firstThatFits(rules.map(inLowerCase), read.toLowerCase())]
        if (!accesses.every(access => passes(access, user))) throw new Error(`${path} is ${read} (${reading.join()}), which is not for ${user?.email ?? 'a stranger'}`)
      }
    }
  }
}

/** The rules as docs/forward-auth.md says, and nothing more. */
function firstThatFits (rules: Rule[], read: string): Access {
  return rules.find(({ path }) => path === '/' || read === path || read.startsWith(`${path}/`))?.access ?? 'users'
}

function inLowerCase (rule: Rule): Rule {
  return { ...rule, path: rule.path.toLowerCase() }
}

function passes (access: Access, user: typeof boss | null): boolean {
  return access === 'anyone' || (user !== null && (access === 'users' || access.includes(user.email)))
}

function removeDotSegments (path: string): string {
  let [input, output] = [path, '']
  while (input !== '') {
    if (/^\/\.(\/|$)/.test(input)) input = input.replace(/^\/\.\/?/, '/')
    else if (/^\/\.\.(\/|$)/.test(input)) {
      input = input.replace(/^\/\.\.\/?/, '/')
      output = output.slice(0, Math.max(output.lastIndexOf('/'), 0))
    } else if (/^\.\.?\//.test(input)) input = input.replace(/^\.\.?\//, '')
    else if (/^\.\.?$/.test(input)) input = ''
    else {
      const [segment] = /^\/?[^/]*/.exec(input)!
      output += segment
      input = input.slice(segment.length)
    }
  }
  return output
}
