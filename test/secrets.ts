import type { Config } from '../src/config/config.ts'

/** Shorter ones could stand in a log by chance. */
const LEAST_LENGTH = 12

const known = new Set<string>()

/** Remembers what no log may show from now on, nor may have shown before. */
export function isSecret (...values: Array<string | null | undefined>): void {
  for (const value of values) if (value && value.length >= LEAST_LENGTH) known.add(JSON.stringify(value).slice(1, -1))
}

export function hasSecretFields (fields: Iterable<[string, string]>): void {
  for (const [name, value] of fields) if (name.includes('password')) isSecret(value)
}

/** A cookie's value opens as it is; so does a session's id that is cut out of it. */
export function isSecretCookie (value: string): void {
  isSecret(value, decodeURIComponent(value), decodeURIComponent(value).split('.')[0])
}

export function hasSecretSettings ({ sessionSecrets, postgresUrl, redisUrl }: Pick<Config, 'sessionSecrets' | 'postgresUrl' | 'redisUrl'>): void {
  isSecret(...sessionSecrets, postgresUrl, redisUrl)
}

/** @throws when the log shows a secret: called when a test is torn down, so that it fails by it */
export function noSecretsIn (log: string): void {
  const [shown] = [...known].filter(secret => log.includes(secret))
  if (shown !== undefined) throw new Error(`The log shows the secret ${shown}`)
  if (log.includes('$argon2')) throw new Error('The log shows the hash of a password')
}
