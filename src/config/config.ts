import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Ajv } from 'ajv'
import envSchema from 'env-schema'
import { Type, type Static } from 'typebox'
import { SettingError } from '../errors.ts'
import { readRules, type Rule } from '../forward-auth/rules.ts'
import { packageRoot } from './package-root.ts'
import { SECRET_MIN_LENGTH, SECRET_RULE } from '../sessions/session-secret.ts'
import { formats, listeningAddress, splitList } from './setting-formats.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** What the service runs with. Times are milliseconds, paths are absolute. */
export interface Config {
  /** The one origin whose forms are accepted, and the base of every absolute link. */
  publicUrl: URL
  /** The first signs, all verify. Empty: one is made and kept in `dataDir`. */
  sessionSecrets: string[]
  sqlitePath: string
  /** Instead of the file at `sqlitePath`. */
  postgresUrl: string | undefined
  redisUrl: string | undefined
  redisPrefix: string
  dataDir: string
  idleMs: number
  absoluteMs: number
  rememberMs: number
  sessionsPerUser: number
  passwordMinLength: number
  trustedProxies: string[]
  cookieDomain: string | undefined
  /** Who may pass to the applications behind the proxies that ask. */
  forwardAuthRules: Rule[]
  /** Whether who is logged in may be known from what was read a moment ago, where Redis tells what changes. */
  answersFromMemory: boolean
  logLevel: string
  /** Where metrics are served, if anywhere. */
  metricsAddress: { host: string, port: number } | undefined
}

const wholeNumber = (minimum: number, maximum: number, fallback: number) => Type.Integer({
  minimum, maximum, default: fallback, description: `a whole number from ${minimum} to ${maximum}`
})
const text = (format: string, description: string, more: object = {}) => Type.String({ format, description, ...more })

/** The environment: the one description of every setting. `description` is the end of the sentence "it takes …". */
const Settings = Type.Object({
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_URL: Type.Optional(text('origin', 'an http or https address without a path, such as https://login.example.com')),
  SESSION_SECRET: Type.Optional(text('secrets', `one secret or several with commas between them, the first of ${SECRET_RULE}, the others of at least ${SECRET_MIN_LENGTH}`, { secret: true })),
  DATABASE_URL: Type.Optional(text('database', 'file: and a path, such as file:data/latchkey.sqlite, or a postgres:// address', { secret: true })),
  REDIS_URL: Type.Optional(text('redis', 'a redis:// or rediss:// address, redis+sentinel://host:port,host:port/master-name, or redis+cluster://host:port,host:port (or valkey for redis)', { secret: true })),
  REDIS_PREFIX: Type.String({ default: 'latchkey:', maxLength: 64, description: 'at most 64 characters' }),
  DATA_DIR: Type.String({ default: 'data', description: 'a folder' }),
  SESSION_IDLE_MINUTES: wholeNumber(2, 525_600, 60),
  SESSION_ABSOLUTE_HOURS: wholeNumber(1, 8_760, 24),
  SESSION_REMEMBER_DAYS: wholeNumber(1, 3_650, 30),
  SESSIONS_PER_USER: wholeNumber(1, 1_000, 50),
  PASSWORD_MIN_LENGTH: wholeNumber(8, 256, 15),
  TRUSTED_PROXIES: Type.Optional(text('proxies', 'addresses and CIDR ranges with commas between them, such as 10.0.0.0/8, ::1')),
  COOKIE_DOMAIN: Type.Optional(text('domain', 'the domain that the sibling hosts share, such as example.com; PUBLIC_URL must be https and under it')),
  FORWARD_AUTH_RULES: Type.Optional(text('rules', 'rules with semicolons between them, each a host or *.domain with a path or none, and who may pass: anyone, users, or emails and @domains')),
  ANSWERS_FROM_MEMORY: Type.Union([Type.Literal('on'), Type.Literal('off')], { default: 'on', description: 'on or off' }),
  METRICS_PORT: Type.Optional(text('listening', 'a port from 1 to 65535, alone or behind an IP address, such as 9464 or 10.0.0.5:9464')),
  LOG_LEVEL: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(level => Type.Literal(level)), {
    default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent'
  })
})

const envFileOfPackage = resolve(packageRoot, '.env')

/**
 * Reads the settings from the environment, and where it is silent from a file, the package's own `.env`.
 * @throws SettingError with one sentence: the setting, what it was given (never a secret), what it takes
 */
export function loadConfig (environment: NodeJS.ProcessEnv = process.env, envFile = envFileOfPackage): Config {
  const settings = readSettings(environment, envFile)
  const dataDir = resolve(packageRoot, settings.DATA_DIR)
  const databaseUrl = settings.DATABASE_URL ?? ''
  const config = {
    publicUrl: new URL(settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}`),
    sessionSecrets: splitList(settings.SESSION_SECRET ?? ''),
    sqlitePath: resolve(packageRoot, /^file:(.+)/s.exec(databaseUrl)?.[1] ?? `${dataDir}/latchkey.sqlite`),
    postgresUrl: databaseUrl.startsWith('postgres') ? databaseUrl : undefined,
    redisUrl: settings.REDIS_URL,
    redisPrefix: settings.REDIS_PREFIX,
    dataDir,
    idleMs: settings.SESSION_IDLE_MINUTES * MINUTE_MS,
    absoluteMs: settings.SESSION_ABSOLUTE_HOURS * HOUR_MS,
    rememberMs: settings.SESSION_REMEMBER_DAYS * DAY_MS,
    sessionsPerUser: settings.SESSIONS_PER_USER,
    passwordMinLength: settings.PASSWORD_MIN_LENGTH,
    trustedProxies: splitList(settings.TRUSTED_PROXIES ?? ''),
    cookieDomain: settings.COOKIE_DOMAIN,
    forwardAuthRules: readRules(settings.FORWARD_AUTH_RULES ?? '')!,
    answersFromMemory: settings.ANSWERS_FROM_MEMORY === 'on',
    logLevel: settings.LOG_LEVEL,
    metricsAddress: listeningAddress(settings.METRICS_PORT) ?? undefined
  }
  checkCombinations(config)
  return config
}

function readSettings (environment: NodeJS.ProcessEnv, envFile: string): Static<typeof Settings> {
  const given = { ...whatIsSet(readEnvFile(envFile)), ...whatIsSet(environment) }
  try {
    return envSchema<Static<typeof Settings>>({
      schema: Settings,
      data: given,
      env: false,
      ajv: taught ?? { customOptions: configureAjv }
    })
  } catch (error) {
    throw new SettingError(sentenceFor((error as { errors: AjvError[] }).errors[0]!))
  }
}

/** An empty value in `.env` or a compose file means "not set". */
function whatIsSet (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
}

function readEnvFile (path: string) {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new SettingError(`The settings in ${path} cannot be read (${code}).`)
  }
}

/** Made once: it takes longer than reading the settings. */
let taught: Ajv | undefined

/** The formats above, and that an error tells what was given. */
function configureAjv (ajv: Ajv): Ajv {
  ajv.opts.verbose = true
  // Else Infinity is no number to be compared with any bound.
  ajv.opts.strictNumbers = false
  ajv.addKeyword('secret')
  for (const [name, validate] of Object.entries(formats)) ajv.addFormat(name, validate)
  taught = ajv
  return ajv
}

interface AjvError { instancePath: string, data: unknown }

function sentenceFor ({ instancePath, data }: AjvError): string {
  const name = instancePath.slice(1)
  const schema = (Settings.properties as unknown as Record<string, { description: string, secret?: boolean }>)[name]!
  // An address can carry a password before an @.
  const shown = schema.secret || String(data).includes('@') ? 'something else (not shown here, it may be secret)' : `"${data}"`
  return `${name} was given ${shown}, but it takes ${schema.description}.`
}

/** The rules that two settings make together. */
function checkCombinations ({ redisUrl, postgresUrl, sessionSecrets, cookieDomain, publicUrl }: Config): void {
  const shared = [redisUrl && 'REDIS_URL', postgresUrl && 'a DATABASE_URL of a server'].find(Boolean)
  if (shared && sessionSecrets.length === 0) {
    throw new SettingError(`SESSION_SECRET is missing, but with ${shared} it takes a secret of ${SECRET_RULE}, because all machines must share it.`)
  }
  if (cookieDomain !== undefined && (publicUrl.protocol !== 'https:' || !`.${publicUrl.hostname}`.endsWith(`.${cookieDomain}`))) {
    throw new SettingError(`COOKIE_DOMAIN was given "${cookieDomain}", but PUBLIC_URL ${publicUrl.origin} is not an https address under it.`)
  }
}
