import { HashingBusy } from '../errors.ts'
import type { Passwords } from '../credentials/passwords.ts'
import { WaitingLine } from './waiting-line.ts'

/** Nobody waits longer for a place. */
export const LONGEST_WAIT_MS = 2_000

/** Several for each thread, so that the threads are busy while others ask a store that is far away. */
const PLACES_PER_THREAD = 4

/** While both wait, one place of so many is a stranger's: neither can keep the other out. */
const STRANGERS_SHARE = 4

type Work<T> = (passwords: Passwords) => Promise<T>

/**
 * One queue for everything expensive: nothing is hashed or estimated outside of it, and nothing is written before.
 * It is bounded by time, not by length: whoever would wait too long is refused at once.
 */
export class Admission {
  #passwords: Passwords
  #places: number
  #working = 0
  #freed = 0
  #accounts = new Set<string>()
  #known = new WaitingLine(LONGEST_WAIT_MS)
  #strangers = new WaitingLine(LONGEST_WAIT_MS)

  constructor (passwords: Passwords) {
    this.#passwords = passwords
    this.#places = PLACES_PER_THREAD * passwords.threads
  }

  /**
   * Does the work when its turn comes.
   * @param account whose session or device asks, or null for a stranger. Accounts have places of their own, each one at a time
   * @throws HASHING_BUSY at once when the wait would be too long, or after the longest wait; then nothing was done
   */
  async run<T> (account: string | null, work: Work<T>): Promise<T> {
    if (account === null || this.#accounts.has(account)) return await this.#runIn(this.#strangers, work)
    this.#accounts.add(account)
    return await this.#runIn(this.#known, work).finally(() => this.#accounts.delete(account))
  }

  /** Whether a stranger who came now would be refused. */
  isFull (): boolean {
    return this.#isTooLong(this.#known.length + this.#strangers.length)
  }

  /** How many wait for a place. */
  waiting (): number {
    return this.#known.length + this.#strangers.length
  }

  /** Seconds that the first of them has waited. */
  oldestWait (): number {
    return Math.max(this.#known.oldestMs(), this.#strangers.oldestMs()) / 1000
  }

  async #runIn<T> (line: WaitingLine, work: Work<T>): Promise<T> {
    if (line === this.#known ? this.#isTooLong(this.#known.length) : this.isFull()) throw new HashingBusy()
    if (this.#working < this.#places) this.#working++
    else await line.wait()
    return await work(this.#passwords).finally(() => this.#leave())
  }

  // A free place is never refused, however long the last hashes took: nothing else would show that they are fast again.
  #isTooLong (ahead: number): boolean {
    const { threads, hashMs } = this.#passwords
    return this.#working >= this.#places && (this.#working + ahead) * hashMs() / threads > LONGEST_WAIT_MS
  }

  #leave (): void {
    const isStrangersTurn = ++this.#freed % STRANGERS_SHARE === 0
    const lines = isStrangersTurn ? [this.#strangers, this.#known] : [this.#known, this.#strangers]
    if (!lines.some(line => line.next())) this.#working--
  }
}
