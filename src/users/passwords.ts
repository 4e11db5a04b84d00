import { availableParallelism } from 'node:os'
import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import fastq from 'fastq'
import { HashingBusy } from '../errors.ts'

export interface HashingCost {
  /** KiB */
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** OWASP's parameters for argon2id, which is the library's default variant: 19 MiB, two passes, one lane. */
export const OWASP_COST: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export interface Passwords {
  /** @returns argon2id in PHC string format. @throws HASHING_BUSY when too many wait already */
  hash (password: string): Promise<string>
  /** @throws HASHING_BUSY when too many wait already */
  verify (passwordHash: string, password: string): Promise<boolean>
  /** How many wait to be hashed. */
  waiting (): number
  /** Whether a hash was made with other parameters than today's. */
  isOutdated (passwordHash: string): boolean
  /** A hash that no password fits, with today's parameters: what an unknown email is checked against. */
  readonly nobodys: string
}

/**
 * Hashing happens on libuv's threads, never on the event loop, as many at once as there are cores.
 * @param waiting how many may wait for a core; more are refused, or a flood of logins would hold everybody for minutes
 * @param cost of each hash; a hash of another cost is outdated
 */
export async function openPasswords ({ waiting: most = 128, cost = OWASP_COST } = {}): Promise<Passwords> {
  const currentPrefix = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`
  const queue = fastq.promise(async (task: () => Promise<unknown>) => await task(), availableParallelism())

  async function queued<T> (task: () => Promise<T>): Promise<T> {
    if (queue.length() >= most) throw new HashingBusy()
    return await queue.push(task) as T
  }

  const passwords = {
    hash: (password: string) => queued(() => hash(normalize(password), cost)),
    verify: (passwordHash: string, password: string) => queued(() => verify(passwordHash, normalize(password)).catch(unreadable)),
    waiting: () => queue.length(),
    isOutdated: (passwordHash: string) => !passwordHash.startsWith(currentPrefix)
  }
  return { ...passwords, nobodys: await passwords.hash(randomBytes(32).toString('base64url')) }
}

/** The library throws only for a hash that it cannot read. No password fits one, and that must not show. */
function unreadable (): false {
  return false
}

/** One password typed on two keyboards can arrive as two strings (NIST SP 800-63B, 3.1.1.2). */
function normalize (password: string): string {
  return password.normalize('NFC')
}
