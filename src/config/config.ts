import { resolve } from 'node:path'
import { SettingError } from '../errors.ts'
import { readRules, type Rule } from '../forward-auth/rules.ts'
import { SECRET_RULE } from '../sessions/session-secret.ts'
import { packageRoot } from './package-root.ts'
import { listeningAddress, splitList } from './setting-formats.ts'
import { readSettings } from './settings.ts'

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

/** The rules that two settings make together. */
function checkCombinations ({ redisUrl, postgresUrl, sessionSecrets, cookieDomain, publicUrl }: Config): void {
  const shared = [redisUrl && 'REDIS_URL', postgresUrl && 'a DATABASE_URL of a server'].find(Boolean)
  if (shared && sessionSecrets.length === 0) {
    const because = 'because all machines must share it.'
    throw new SettingError(`SESSION_SECRET is missing, but with ${shared} it takes a secret of ${SECRET_RULE}, ${because}`)
  }
  if (cookieDomain !== undefined && (publicUrl.protocol !== 'https:' || !`.${publicUrl.hostname}`.endsWith(`.${cookieDomain}`))) {
    const { origin } = publicUrl
    throw new SettingError(`COOKIE_DOMAIN was given "${cookieDomain}", but PUBLIC_URL ${origin} is not an https address under it.`)
  }
}
