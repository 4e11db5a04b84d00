import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SettingError } from '../config.ts'

const MIN_LENGTH = 32

/**
 * The secret that is made at the first start and kept, so that people stay logged in over a restart.
 * @throws SettingError when what is kept is too short to be one
 */
export function keptSecret (dataDir: string): string {
  const path = join(dataDir, 'session-secret')
  const secret = read(path) ?? make(dataDir, path)
  if (secret.length < MIN_LENGTH) {
    throw new SettingError(`DATA_DIR holds a session-secret of ${secret.length} characters, but it takes at least ${MIN_LENGTH}; remove the file to have a new one made.`)
  }
  return secret
}

function read (path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

// Written whole, then linked: of two processes that start at once, one wins and both read the winner's.
function make (dataDir: string, path: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(path, 'utf8').trim()
}
