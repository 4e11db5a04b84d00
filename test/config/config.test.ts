import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { SettingError } from '../../src/errors.ts'
import { packageRoot } from '../../src/config/package-root.ts'

const secret = 'a secret of at least thirty-two characters'
const other = 'another one that is long enough by the same count'
const noFile = join(packageRoot, 'there', 'is', 'no.env')

const read = (environment: NodeJS.ProcessEnv) => loadConfig(environment, noFile)

/** The sentence that stops the start. */
function sentenceFor (environment: NodeJS.ProcessEnv, envFile = noFile): string {
  try {
    loadConfig(environment, envFile)
  } catch (error) {
    if (error instanceof SettingError) return error.message
    throw error
  }
  return 'It starts.'
}

function envFile (t: Test, text: string): string {
  const path = join(t.testdir(), '.env')
  writeFileSync(path, text)
  return path
}

t.test('nothing needs to be set', async t => {
  t.strictSame(read({}), {
    publicUrl: new URL('http://localhost:3000'),
    sessionSecrets: [],
    sqlitePath: join(packageRoot, 'data', 'latchkey.sqlite'),
    postgresUrl: undefined,
    redisUrl: undefined,
    redisPrefix: 'latchkey:',
    dataDir: join(packageRoot, 'data'),
    idleMs: 60 * 60_000,
    absoluteMs: 24 * 3_600_000,
    rememberMs: 30 * 24 * 3_600_000,
    sessionsPerUser: 50,
    passwordMinLength: 15,
    trustedProxies: [],
    cookieDomain: undefined,
    forwardAuthRules: [],
    answersFromMemory: true,
    logLevel: 'info',
    metricsAddress: undefined
  })
})

t.test('an empty value is the same as none', async t => {
  const names = [
    'METRICS_PORT', 'PORT', 'PUBLIC_URL', 'SESSION_SECRET', 'DATABASE_URL', 'REDIS_URL', 'REDIS_PREFIX', 'DATA_DIR', 'SESSION_IDLE_MINUTES',
    'SESSION_ABSOLUTE_HOURS', 'SESSION_REMEMBER_DAYS', 'SESSIONS_PER_USER', 'PASSWORD_MIN_LENGTH', 'TRUSTED_PROXIES', 'COOKIE_DOMAIN', 'FORWARD_AUTH_RULES', 'ANSWERS_FROM_MEMORY', 'LOG_LEVEL'
  ]
  const empty = Object.fromEntries(names.map(name => [name, '']))
  t.strictSame(read(empty), read({}))
  t.strictSame(read(Object.fromEntries(names.map(name => [name, undefined]))), read({}))
})

t.test('what the environment holds for others is of no concern, and is left as it is', async t => {
  const environment = { PATH: '/bin', constructor: 'x', session_idle_minutes: '5', PORT: '8080' }
  t.strictSame(read(environment).publicUrl.port, '8080')
  t.strictSame(environment, { PATH: '/bin', constructor: 'x', session_idle_minutes: '5', PORT: '8080' })
})

t.test('the environment of the process is read when none is handed in', async t => {
  process.env.SESSIONS_PER_USER = '7'
  t.teardown(() => { delete process.env.SESSIONS_PER_USER })
  t.equal(loadConfig(undefined, noFile).sessionsPerUser, 7)
})

t.test('the .env file fills in where the environment is silent', async t => {
  const path = envFile(t, 'SESSION_IDLE_MINUTES=5\nSESSIONS_PER_USER=3\n# a comment\nREDIS_PREFIX="quoted:"\n')
  const config = loadConfig({ SESSIONS_PER_USER: '4' }, path)
  t.equal(config.idleMs, 5 * 60_000)
  t.equal(config.sessionsPerUser, 4, 'the environment is stronger')
  t.equal(config.redisPrefix, 'quoted:')
})

t.test('an empty value in the environment lets the .env file speak', async t => {
  t.equal(loadConfig({ SESSIONS_PER_USER: '' }, envFile(t, 'SESSIONS_PER_USER=3')).sessionsPerUser, 3)
})

t.test('a wrong value in the .env file stops the start like any other', async t => {
  t.equal(sentenceFor({}, envFile(t, 'LOG_LEVEL=loud')), 'LOG_LEVEL was given "loud", but it takes one of fatal, error, warn, info, debug, trace, silent.')
})

t.test('whole numbers', async t => {
  const numbers = [
    ['SESSION_IDLE_MINUTES', 2, 525_600],
    ['SESSION_ABSOLUTE_HOURS', 1, 8_760],
    ['SESSION_REMEMBER_DAYS', 1, 3_650],
    ['SESSIONS_PER_USER', 1, 1_000],
    ['PASSWORD_MIN_LENGTH', 8, 256]
  ] as const
  for (const [name, minimum, maximum] of numbers) {
    for (const good of [minimum, maximum]) t.doesNotThrow(() => read({ [name]: String(good) }), `${name}=${good}`)
    for (const bad of [minimum - 1, maximum + 1, 2.5, 'many']) {
      t.equal(sentenceFor({ [name]: String(bad) }), `${name} was given "${bad}", but it takes a whole number from ${minimum} to ${maximum}.`)
    }
  }
  for (const bad of ['-5', 'NaN', '10 minutes', '1,000', 'true', 'null', '[9]', '0x', '5m']) {
    t.equal(sentenceFor({ SESSION_IDLE_MINUTES: bad }), `SESSION_IDLE_MINUTES was given "${bad}", but it takes a whole number from 2 to 525600.`)
  }
  t.equal(read({ SESSION_IDLE_MINUTES: '2' }).idleMs, 120_000)
  t.equal(read({ SESSION_ABSOLUTE_HOURS: '2' }).absoluteMs, 7_200_000)
  t.equal(read({ SESSION_REMEMBER_DAYS: '2' }).rememberMs, 172_800_000)
  t.equal(read({ SESSIONS_PER_USER: '2' }).sessionsPerUser, 2)
  t.equal(read({ PASSWORD_MIN_LENGTH: '8' }).passwordMinLength, 8)
})

t.test('PORT is a port, and the address browsers use unless PUBLIC_URL says otherwise', async t => {
  t.equal(read({ PORT: '8080' }).publicUrl.origin, 'http://localhost:8080')
  t.equal(read({ PORT: '80' }).publicUrl.origin, 'http://localhost')
  t.equal(read({ PORT: '8080', PUBLIC_URL: 'https://login.example.com' }).publicUrl.origin, 'https://login.example.com')
  for (const bad of ['-1', '65536', 'http', '3000.5', '/run/latchkey.sock']) {
    t.equal(sentenceFor({ PORT: bad }), `PORT was given "${bad}", but it takes a whole number from 0 to 65535.`)
  }
})

t.test('PUBLIC_URL is an origin of http or https', async t => {
  for (const good of ['http://localhost:3000', 'https://login.example.com', 'https://login.example.com/', 'https://login.example.com:8443', 'http://[::1]:3000', 'HTTPS://LOGIN.EXAMPLE.COM', 'https://bücher.example']) {
    t.equal(read({ PUBLIC_URL: good }).publicUrl.origin, new URL(good).origin, good)
  }
  const bad = [
    'login.example.com', 'localhost:3000', '//login.example.com', 'https://', 'https://login.example.com/path', 'https://login.example.com/?query', 'https://login.example.com?',
    'https://login.example.com/#', 'ftp://login.example.com', 'ws://login.example.com', 'javascript:alert(1)', 'file:///etc/passwd', 'blob:https://login.example.com/1', 'null', '/',
    'https://login.example.com.', 'https://login.example.com.:8443'
  ]
  for (const given of bad) {
    t.equal(sentenceFor({ PUBLIC_URL: given }), `PUBLIC_URL was given "${given}", but it takes an http or https address without a path, such as https://login.example.com.`)
  }
  t.match(sentenceFor({ PUBLIC_URL: 'https://user:word@login.example.com' }), /^PUBLIC_URL was given /, 'nor one with a user in it')
})

t.test('SESSION_SECRET is one secret or several, each long enough', async t => {
  t.strictSame(read({ SESSION_SECRET: secret }).sessionSecrets, [secret])
  t.strictSame(read({ SESSION_SECRET: `${secret},${other}` }).sessionSecrets, [secret, other], 'in their order: the first signs')
  t.strictSame(read({ SESSION_SECRET: ` ${secret} , ${other} ` }).sessionSecrets, [secret, other])
  t.strictSame(read({ SESSION_SECRET: '0123456789'.padEnd(32, '0') }).sessionSecrets, ['0123456789'.padEnd(32, '0')])
})

t.test('a secret that is too short stops the start, wherever in the list it stands, and is not shown', async t => {
  const short = 'x'.repeat(31)
  for (const given of [short, `${short},${secret}`, `${secret},${short}`, `${secret},${short},${other}`, `${secret},`, `,${secret}`, `${secret},,${other}`, `${secret},${' '.repeat(40)}`, ' '.repeat(40), ',', '$SECRET']) {
    const sentence = sentenceFor({ SESSION_SECRET: given })
    t.match(sentence, /^SESSION_SECRET was given .+, but it takes one secret or several with commas between them, the first of at least 32 characters, 10 of them distinct, the others of at least 32\.$/)
    t.notOk(given.split(',').some(part => part.trim() !== '' && sentence.includes(part)), 'the sentence shows nothing of it')
  }
})

t.test('a secret that signs has ten distinct characters, one that only verifies may have fewer', async t => {
  const guessable = ['x'.repeat(32), 'latchkey'.repeat(8), '123456789'.repeat(4), 'hunter2 '.repeat(5), '😀😁😂'.repeat(16), 'x'.repeat(10_000)]
  for (const given of guessable) {
    t.match(sentenceFor({ SESSION_SECRET: given }), /^SESSION_SECRET was given .+, but it takes .+ 10 of them distinct/, given.slice(0, 40))
    t.match(sentenceFor({ SESSION_SECRET: `${given},${secret}` }), /10 of them distinct/, 'a better one behind it changes nothing')
    t.strictSame(read({ SESSION_SECRET: `${secret},${given}` }).sessionSecrets, [secret, given.trim()])
  }
})

t.test('DATABASE_URL is a file, wherever the process was started', async t => {
  t.equal(read({ DATABASE_URL: 'file:/var/lib/latchkey.sqlite' }).sqlitePath, '/var/lib/latchkey.sqlite')
  t.equal(read({ DATABASE_URL: 'file:data/other.sqlite' }).sqlitePath, resolve(packageRoot, 'data/other.sqlite'))
  t.equal(read({ DATA_DIR: '/var/lib/latchkey' }).sqlitePath, '/var/lib/latchkey/latchkey.sqlite')
  for (const given of ['file:', 'postgres://', 'POSTGRES://db/latchkey', 'postgres:db', 'postgres://latchkey:hunter2#@db/latchkey', 'latchkey.sqlite', 'mysql://root:hunter2@db/latchkey', 'sqlite:latchkey', 'FILE:latchkey.sqlite', ' file:x']) {
    const sentence = sentenceFor({ DATABASE_URL: given })
    t.match(sentence, /^DATABASE_URL was given something else \(not shown here, it may be secret\), but it takes file: /)
    t.notMatch(sentence, /hunter2/)
  }
})

t.test('DATABASE_URL is an address of PostgreSQL, and wants a secret that all machines share', async t => {
  for (const given of ['postgres://latchkey:hunter2@db.example.com:5432/latchkey?sslmode=verify-full', 'postgresql:///latchkey?host=/run/postgresql']) {
    t.equal(read({ DATABASE_URL: given, SESSION_SECRET: secret }).postgresUrl, given)
    const sentence = sentenceFor({ DATABASE_URL: given })
    t.match(sentence, /^SESSION_SECRET is missing, but with a DATABASE_URL of a server it takes a secret of at least 32 characters/)
    t.notMatch(sentence, 'hunter2')
  }
  t.equal(read({ DATABASE_URL: 'file:postgres' }).postgresUrl, undefined)
})

t.test('REDIS_URL is a redis address, and wants a secret that all machines share', async t => {
  for (const given of ['redis://127.0.0.1:6379', 'rediss://user:word@redis.example.com:6380/1', 'redis+sentinel://h1:26379,h2/main', 'redis+cluster://h1:6379,h2:6379', 'valkey://127.0.0.1', 'valkeys+cluster://h1']) {
    t.equal(read({ REDIS_URL: given, SESSION_SECRET: secret }).redisUrl, given)
    const sentence = sentenceFor({ REDIS_URL: given })
    t.match(sentence, /^SESSION_SECRET is missing, but with REDIS_URL it takes a secret of at least 32 characters/)
    t.notMatch(sentence, given)
  }
  for (const given of ['http://127.0.0.1', '127.0.0.1:6379', 'localhost', 'redis', 'memcached://:hunter2@redis', ':hunter2@redis']) {
    const sentence = sentenceFor({ REDIS_URL: given, SESSION_SECRET: secret })
    t.match(sentence, /^REDIS_URL was given something else \(not shown here, it may be secret\), but it takes a redis:\/\/ or rediss:\/\//)
    t.notMatch(sentence, /hunter2/)
  }
})

t.test('REDIS_PREFIX is short', async t => {
  t.equal(read({ REDIS_PREFIX: 'a'.repeat(64) }).redisPrefix, 'a'.repeat(64))
  t.match(sentenceFor({ REDIS_PREFIX: 'a'.repeat(65) }), /^REDIS_PREFIX was given "a{65}", but it takes at most 64 characters\.$/)
})

t.test('DATA_DIR is a folder, of the package when it is not absolute', async t => {
  t.equal(read({ DATA_DIR: '/var/lib/latchkey' }).dataDir, '/var/lib/latchkey')
  t.equal(read({ DATA_DIR: 'elsewhere' }).dataDir, join(packageRoot, 'elsewhere'))
})

t.test('TRUSTED_PROXIES are addresses and ranges, never everybody and never a number', async t => {
  t.strictSame(read({ TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.0.2.7 , fd00::/8,' }).trustedProxies, ['10.0.0.0/8', '::1', '192.0.2.7', 'fd00::/8'])
  for (const good of ['0.0.0.0/1', '::/1', '::/128', '192.0.2.7/32']) t.strictSame(read({ TRUSTED_PROXIES: good }).trustedProxies, [good])
  for (const given of ['true', '1', '2', '*', 'loopback', 'proxy.example.com', '10.0.0.0/33', '::1/129', '0.0.0.0/0', '::/0', '10.0.0.0/00', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/0x8', '10.0.0', '10.0.0.1, true', '999.0.0.1', '10.0.0.1:80', '[::1]']) {
    t.equal(sentenceFor({ TRUSTED_PROXIES: given }), `TRUSTED_PROXIES was given "${given}", but it takes addresses and CIDR ranges with commas between them, such as 10.0.0.0/8, ::1.`)
  }
})

t.test('COOKIE_DOMAIN is a domain above PUBLIC_URL, which is https', async t => {
  const PUBLIC_URL = 'https://login.example.com'
  for (const good of ['example.com', 'login.example.com']) t.equal(read({ PUBLIC_URL, COOKIE_DOMAIN: good }).cookieDomain, good)
  for (const given of ['com', '.example.com', 'example.com.', 'https://example.com', 'example.com/', 'example.com; Secure', 'example.com\r\nX: y', 'EXAMPLE.com', 'bücher.example', '*.example.com', 'a..b', ' example.com']) {
    t.match(sentenceFor({ PUBLIC_URL, COOKIE_DOMAIN: given }), /^COOKIE_DOMAIN was given ".+", but it takes the domain that the sibling hosts share/s, JSON.stringify(given))
  }
  for (const given of ['example.org', 'ample.com', 'in.example.com', 'other.login.example.com']) {
    t.equal(sentenceFor({ PUBLIC_URL, COOKIE_DOMAIN: given }), `COOKIE_DOMAIN was given "${given}", but PUBLIC_URL https://login.example.com is not an https address under it.`)
  }
  t.equal(sentenceFor({ PUBLIC_URL: 'http://login.example.com', COOKIE_DOMAIN: 'example.com' }), 'COOKIE_DOMAIN was given "example.com", but PUBLIC_URL http://login.example.com is not an https address under it.')
  t.match(sentenceFor({ COOKIE_DOMAIN: 'example.com' }), /^COOKIE_DOMAIN was given "example.com", but PUBLIC_URL http:\/\/localhost:3000 /)
})

t.test('LOG_LEVEL is one of pino\'s', async t => {
  for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) t.equal(read({ LOG_LEVEL: level }).logLevel, level)
  for (const given of ['INFO', 'verbose', '30', 'constructor', '__proto__']) {
    t.equal(sentenceFor({ LOG_LEVEL: given }), `LOG_LEVEL was given "${given}", but it takes one of fatal, error, warn, info, debug, trace, silent.`)
  }
})

t.test('of several wrong settings one is named, in one line', async t => {
  const sentence = sentenceFor({ PORT: 'x', LOG_LEVEL: 'y', SESSION_SECRET: 'short' })
  t.match(sentence, /^(PORT|LOG_LEVEL|SESSION_SECRET) was given [^\n]+\.$/)
})

t.test('settings that cannot be read stop the start', async t => {
  t.throws(() => loadConfig({}, t.testdir()), /^The settings in .* cannot be read \(EISDIR\)\.$/)
})

t.test('a password in PUBLIC_URL is not shown', async t => {
  t.throws(() => loadConfig({ PUBLIC_URL: 'https://user:hunter2@login.example.com' }, 'no.env'), /^PUBLIC_URL was given something else \(not shown here/)
})

t.test('an endless number is none', async t => {
  for (const name of ['PORT', 'SESSION_IDLE_MINUTES', 'SESSIONS_PER_USER', 'PASSWORD_MIN_LENGTH']) {
    for (const endless of ['Infinity', '1e400']) t.throws(() => loadConfig({ [name]: endless }, 'no.env'), { message: /was given/ }, `${name}=${endless}`)
  }
})

t.test('FORWARD_AUTH_RULES are rules', async t => {
  t.strictSame(read({ FORWARD_AUTH_RULES: 'app.example.com/public anyone; * users' }).forwardAuthRules, [{ host: 'app.example.com', path: '/public', access: 'anyone' }, { host: '*', path: '/', access: 'users' }])
  t.match(sentenceFor({ FORWARD_AUTH_RULES: 'app.example.com' }), /^FORWARD_AUTH_RULES was given "app\.example\.com", but it takes rules with semicolons between them/)
})

t.test('METRICS_PORT is a port, on this machine alone unless an address says otherwise', async t => {
  t.strictSame(read({ METRICS_PORT: '9464' }).metricsAddress, { host: '127.0.0.1', port: 9464 })
  t.strictSame(read({ METRICS_PORT: '10.0.0.5:9464' }).metricsAddress, { host: '10.0.0.5', port: 9464 })
  t.strictSame(read({ METRICS_PORT: '[::]:9464' }).metricsAddress, { host: '::', port: 9464 })
  for (const bad of ['0', '65536', 'x', '9464x', ':9464', 'metrics.example.com:9464', '1.2.3:9464', '-1', '1e3']) {
    t.match(sentenceFor({ METRICS_PORT: bad }), /^METRICS_PORT was given ".*", but it takes a port from 1 to 65535/, bad)
  }
})
