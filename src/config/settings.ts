import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Ajv } from 'ajv'
import envSchema from 'env-schema'
import { Type, type Static } from 'typebox'
import { SettingError } from '../errors.ts'
import { SECRET_MIN_LENGTH, SECRET_RULE } from '../sessions/session-secret.ts'
import { formats } from './setting-formats.ts'

const wholeNumber = (minimum: number, maximum: number, fallback: number) => Type.Integer({
  minimum, maximum, default: fallback, description: `a whole number from ${minimum} to ${maximum}`
})
/** Never shown in an error. */
const secret = { secret: true }
const text = (format: string, description: string, more: object = {}) => Type.String({ format, description, ...more })

/** The environment: the one description of every setting. `description` is the end of the sentence "it takes …". */
const Settings = Type.Object({
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_URL: Type.Optional(text('origin', 'an http or https address without a path, such as https://login.example.com')),
  SESSION_SECRET: Type.Optional(text('secrets', `one secret or several with commas between them, the first of ${SECRET_RULE}, ` +
    `the others of at least ${SECRET_MIN_LENGTH}`, secret)),
  DATABASE_URL: Type.Optional(text('database', 'file: and a path, such as file:data/latchkey.sqlite, or a postgres:// address', secret)),
  REDIS_URL: Type.Optional(text('redis', 'a redis:// or rediss:// address, redis+sentinel://host:port,host:port/master-name, ' +
    'or redis+cluster://host:port,host:port (or valkey for redis)', secret)),
  REDIS_PREFIX: Type.String({ default: 'latchkey:', maxLength: 64, description: 'at most 64 characters' }),
  DATA_DIR: Type.String({ default: 'data', description: 'a folder' }),
  SESSION_IDLE_MINUTES: wholeNumber(2, 525_600, 60),
  SESSION_ABSOLUTE_HOURS: wholeNumber(1, 8_760, 24),
  SESSION_REMEMBER_DAYS: wholeNumber(1, 3_650, 30),
  SESSIONS_PER_USER: wholeNumber(1, 1_000, 50),
  PASSWORD_MIN_LENGTH: wholeNumber(8, 256, 15),
  TRUSTED_PROXIES: Type.Optional(text('proxies', 'addresses and CIDR ranges with commas between them, such as 10.0.0.0/8, ::1')),
  COOKIE_DOMAIN: Type.Optional(text('domain', 'the domain that the sibling hosts share, such as example.com; ' +
    'PUBLIC_URL must be https and under it')),
  FORWARD_AUTH_RULES: Type.Optional(text('rules', 'rules with semicolons between them, each a host or *.domain with a path or none, ' +
    'and who may pass: anyone, users, or emails and @domains')),
  ANSWERS_FROM_MEMORY: Type.Union([Type.Literal('on'), Type.Literal('off')], { default: 'on', description: 'on or off' }),
  METRICS_PORT: Type.Optional(text('listening', 'a port from 1 to 65535, alone or behind an IP address, such as 9464 or 10.0.0.5:9464')),
  LOG_LEVEL: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(level => Type.Literal(level)), {
    default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent'
  })
})

/**
 * Reads the environment, and a file where the environment is silent.
 * @throws SettingError with one sentence: the setting, what it was given (never a secret), what it takes
 */
export function readSettings (environment: NodeJS.ProcessEnv, envFile: string): Static<typeof Settings> {
  const given = { ...whatIsSet(readEnvFile(envFile)), ...whatIsSet(environment) }
  try {
    return envSchema<Static<typeof Settings>>({
      schema: Settings,
      data: given,
      env: false,
      ajv: configured ?? { customOptions: configureAjv }
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

/** Made once: compiling the schema takes longer than reading the settings. */
let configured: Ajv | undefined

/** Adds our formats, and the given value to errors. */
function configureAjv (ajv: Ajv): Ajv {
  ajv.opts.verbose = true
  // Otherwise Infinity isn't compared with any bound.
  ajv.opts.strictNumbers = false
  ajv.addKeyword('secret')
  for (const [name, validate] of Object.entries(formats)) ajv.addFormat(name, validate)
  configured = ajv
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
