import redos from 'eslint-plugin-redos'
import security from 'eslint-plugin-security'
import neostandard from 'neostandard'

// In this process, the same everywhere: by itself it takes a program or a Java of the machine where it finds one.
process.env.RECHECK_SYNC_BACKEND = 'pure'

const code = ['src/**/*.ts', 'plugins/**/*.ts', 'routes/**/*.ts']
const command = ['bin/**/*.js']
/** What opens files: their paths come from the operator's settings, never from a request. */
const opensFiles = ['src/config/settings.ts', 'src/stores/**/*.ts', 'src/sessions/session-secret.ts', 'src/http/loaded-files.ts', 'src/cli/**/*.ts', ...command]
const buildsTheServer = ['src/app.ts', 'src/latchkey.ts']

const outsideSrc = {
  regex: '^\\.\\.?/(?!(\\.\\./)*src/)',
  message: 'Only src/ may be imported from here: a plugin offers itself as a decorator, a view by its name.'
}

const databaseClients = {
  regex: '^(drizzle-orm|drizzle-kit|better-sqlite3(-13)?|ioredis|pg|postgres)(/|$)',
  message: 'A route asks src/ for what it needs; only src/ speaks to a database or Redis.'
}

const fastifyAsTypesOnly = {
  regex: '^(fastify|fastify-plugin|@fastify/(?!(error|proxy-addr|type-provider-typebox)$).*)$',
  allowTypeImports: true,
  message: 'Fastify is here only as types (import type).'
}

const outerLayers = {
  regex: '^(\\.\\./)+(plugins|routes|views|public|test|bench|dist)/',
  message: 'src/ knows neither plugins nor routes.'
}

const drizzleBesidesSchemas = {
  regex: '^(\\.\\./)+drizzle/(?![^/]+/schema\\.ts$)',
  message: 'Of drizzle/ only the schemas are imported.'
}

const allButDrizzle = {
  regex: '^(?!drizzle-orm(/|$))',
  message: 'drizzle/ knows drizzle-orm and nothing of ours.'
}

const allButDrizzleKit = {
  regex: '^(?!drizzle-(orm|kit)(/|$))',
  message: 'drizzle/ knows drizzle-orm and nothing of ours.'
}

/**
 * What each folder of src/ may import of the others, from the bottom up. Contracts are in the lower folders, their
 * implementations in stores/, so no contract imports an implementation, and there are no cycles.
 */
const layers = {
  async: [],
  i18n: [],
  observability: [],
  credentials: [],
  sessions: [],
  users: ['observability', 'sessions'],
  identity: ['async', 'observability', 'sessions', 'users'],
  http: ['i18n', 'identity', 'sessions', 'users'],
  'forward-auth': ['http', 'identity', 'sessions', 'users'],
  authentication: ['async', 'credentials', 'http', 'sessions', 'users'],
  accounts: ['async', 'credentials', 'http', 'identity', 'observability', 'sessions', 'users'],
  config: ['forward-auth', 'http', 'observability', 'sessions'],
  stores: ['accounts', 'async', 'authentication', 'config', 'credentials', 'identity', 'observability', 'sessions', 'users'],
  cli: ['accounts', 'async', 'authentication', 'config', 'credentials', 'http', 'identity', 'observability', 'sessions', 'stores', 'users']
}

const outgoing = {
  regex: '^(node:)?(http|https|http2|net|tls|dgram|dns)(/promises)?$',
  importNamePattern: '^(request|get|Agent|ClientRequest|connect|createConnection|createSocket|default|lookup|resolve.*)$',
  message: 'Nothing here asks another host for anything: only the stores of the settings are connected to.'
}

const environment = [
  'MemberExpression[object.name="process"][property.name="env"]',
  'MemberExpression[object.name="process"][property.value="env"]',
  'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]',
  'ImportDeclaration[source.value=/^(node:)?process$/] > ImportSpecifier[imported.name="env"]'
].map(selector => ({ selector, message: 'The environment is read once, in src/config/config.ts.' }))

const revoking = {
  selector: 'CallExpression > MemberExpression.callee[property.name=/^revoke(Of|AllOf|AllOfUsers)?$/]',
  message: 'Sessions are ended by endSessions, in src/accounts/end-sessions.ts.'
}

const dynamicImport = {
  selector: 'ImportExpression',
  message: 'An import() would slip past the directions of the imports.'
}

/** What may not stand in code that meets requests. Tests and benchmarks meet only their own. */
const unsafe = {
  files: [...code, ...command],
  plugins: { redos, security },
  rules: {
    ...Object.fromEntries(Object.keys(security.configs.recommended.rules).map(rule => [rule, 'error'])),
    // It reports every computed property. What a form names is looked up in objects without a prototype, or after Object.hasOwn.
    'security/detect-object-injection': 'off',
    // It guesses from how deep quantifiers are nested; the other works out what an attacker would send.
    'security/detect-unsafe-regex': 'off',
    'redos/no-vulnerable': ['error', { ignoreErrors: false }],
    'no-restricted-globals': ['error', ...['fetch', 'WebSocket', 'EventSource'].map(name => ({ name, message: outgoing.message }))]
  }
}

export default [
  ...neostandard({ ts: true, noJsx: true, ignores: ['dist/', '.build-*/', 'node_modules/', '.tap/', 'data/'] }),

  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error'
    }
  },
  {
    files: code,
    rules: {
      'max-lines-per-function': ['error', { max: 30, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...environment, revoking]
    }
  },
  {
    // The use case, and the code around @fastify/session, which replaces one id by the next.
    files: ['src/accounts/end-sessions.ts', 'src/sessions/fastify-session-adapter.ts'],
    rules: { 'no-restricted-syntax': ['error', ...environment] }
  },
  {
    files: ['src/config/config.ts'],
    rules: { 'no-restricted-syntax': 'off' }
  },
  unsafe,
  {
    files: opensFiles,
    rules: { 'security/detect-non-literal-fs-filename': 'off' }
  },
  {
    files: ['plugins/**/*.ts', 'routes/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...environment, revoking, dynamicImport] }
  },

  mayNotImport(['routes/**/*.ts'], outsideSrc, databaseClients, fastifyAsTypesOnly),
  mayNotImport(['plugins/**/*.ts'], outsideSrc),
  mayNotImport(['src/**/*.ts'], outerLayers, drizzleBesidesSchemas, fastifyAsTypesOnly),
  ...Object.entries(layers).map(mayImportOnly),
  mayNotImport(buildsTheServer, outerLayers, drizzleBesidesSchemas),
  mayNotImport(['drizzle/**/*.ts'], allButDrizzle),
  mayNotImport(['drizzle/**/drizzle.config.ts'], allButDrizzleKit)
]

/** One folder of src/ imports only those that are named here. */
function mayImportOnly ([folder, allowed]) {
  const others = Object.keys(layers).filter(name => name !== folder && !allowed.includes(name))
  const message = `src/${folder}/ imports ${allowed.length === 0 ? 'no other folder' : allowed.join(', ')}: src/ has layers, see eslint.config.js.`
  return mayNotImport([`src/${folder}/**/*.ts`], outerLayers, drizzleBesidesSchemas, fastifyAsTypesOnly, { regex: `^(\\.\\./)+(${others.join('|')})/`, message })
}

function mayNotImport (files, ...patterns) {
  return { files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [outgoing, ...patterns] }] } }
}
