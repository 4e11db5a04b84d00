import { availableParallelism } from 'node:os'
import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import fastq from 'fastq'

export interface HashingCost {
  /** KiB */
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** OWASP's parameters for argon2id, which is the library's default variant: 19 MiB, two passes, one lane. */
export const OWASP_COST: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Of libuv's four threads: one stays free for files and host names. */
const MOST_THREADS = 3

/** How fast the mean forgets: each hash is an eighth of it. */
const SMOOTHING = 8

/** Bounds nothing: callers come through the admission (src/authentication/admission.ts), one command aside. */
export interface Passwords {
  /** @returns argon2id in PHC string format */
  hash (password: string): Promise<string>
  verify (passwordHash: string, password: string): Promise<boolean>
  /** Whether a hash was made with other parameters than today's. */
  isOutdated (passwordHash: string): boolean
  /** A hash that no password fits, with today's parameters: what an unknown email is checked against. */
  readonly dummyHash: string
  /** How many hashes are worked on at once. */
  readonly threads: number
  /** Milliseconds that a hash takes: the mean of the last ones, as what else the machine does changes it. */
  hashMs (): number
}

/**
 * Hashing happens on libuv's threads, never on the event loop, as many at once as there are cores.
 * @param options.cost of each hash; a hash of another cost is outdated
 * @param options.stopwatch milliseconds since any moment, to measure hashes with
 */
export async function openPasswords (options: { cost?: HashingCost, threads?: number, stopwatch?: () => number } = {}): Promise<Passwords> {
  const { cost = OWASP_COST, threads = Math.min(availableParallelism(), MOST_THREADS), stopwatch = () => performance.now() } = options
  const currentPrefix = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`
  const queue = fastq.promise(async (task: () => Promise<unknown>) => await timed(task), threads)
  let mean: number | undefined

  async function timed (task: () => Promise<unknown>): Promise<unknown> {
    const started = stopwatch()
    const result = await task()
    const ms = stopwatch() - started
    mean = mean === undefined ? ms : mean + (ms - mean) / SMOOTHING
    return result
  }

  const passwords = {
    threads,
    hash: async (password: string) => await queue.push(() => hash(normalize(password), cost)) as string,
    verify: async (passwordHash: string, password: string) => await queue.push(() => verify(passwordHash, normalize(password)).catch(unreadable)) as boolean,
    isOutdated: (passwordHash: string) => !passwordHash.startsWith(currentPrefix),
    hashMs: () => mean!
  }
  return { ...passwords, dummyHash: await passwords.hash(randomBytes(32).toString('base64url')) }
}

/** The library throws only for a hash that it cannot read. No password fits one, and that must not show. */
function unreadable (): false {
  return false
}

/** One password typed on two keyboards can arrive as two strings (NIST SP 800-63B, 3.1.1.2). */
function normalize (password: string): string {
  return password.normalize('NFC')
}
