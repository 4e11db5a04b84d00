import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SettingError } from '../errors.ts'

export const SECRET_MIN_LENGTH = 32
/** Far fewer than a random secret has. One with fewer can be guessed, and whoever guesses it can sign cookies. */
const SECRET_MIN_DISTINCT = 10
/** Ends the sentence "it takes …". */
export const SECRET_RULE = `at least ${SECRET_MIN_LENGTH} characters, ${SECRET_MIN_DISTINCT} of them distinct`

/**
 * The secret that is made at the first start and kept, so that people stay logged in over a restart.
 * @throws SettingError when it cannot be kept there, or when what is kept there is too short or can be guessed
 */
export function keptSecret (dataDir: string): string {
  const secret = readOrMake(dataDir)
  if (secret.length < SECRET_MIN_LENGTH || !isVaried(secret)) {
    throw new SettingError(`DATA_DIR holds a session-secret of ${secret.length} characters, but it takes ${SECRET_RULE}; remove the file to have a new one made.`)
  }
  return secret
}

function readOrMake (dataDir: string): string {
  const path = join(dataDir, 'session-secret')
  try {
    if (!existsSync(path)) make(dataDir, path)
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SettingError(`DATA_DIR leads to ${dataDir}, where a session-secret cannot be kept (${code}).`, { cause })
  }
}

// Written whole, then linked: of two processes that start at once, one wins and both read the winner's.
function make (dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch {
    // Another process was first, or reading what is not there tells why.
  } finally {
    rmSync(draft)
  }
}

/** Whether a secret, long enough, has enough distinct characters to sign with. One that only verifies may have fewer. */
export function isVaried (secret: string): boolean {
  return new Set(secret).size >= SECRET_MIN_DISTINCT
}
