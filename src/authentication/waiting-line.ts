import { HashingBusy } from '../errors.ts'

interface Waiting { since: number, start: () => void }

/** First come, first served, for as long as anybody waits at most. */
export class WaitingLine {
  #longestMs: number
  #waiting = new Set<Waiting>()

  constructor (longestMs: number) {
    this.#longestMs = longestMs
  }

  get length (): number {
    return this.#waiting.size
  }

  /** How long the first has waited, in milliseconds. */
  oldestMs (): number {
    const [first] = this.#waiting
    return first === undefined ? 0 : performance.now() - first.since
  }

  /** @throws HASHING_BUSY when the turn does not come in time */
  wait (): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        reject(new HashingBusy())
      }, this.#longestMs)
      const start = () => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve()
      }
      const waiting = { since: performance.now(), start }
      this.#waiting.add(waiting)
    })
  }

  /** The first goes ahead. @returns false when nobody waits */
  next (): boolean {
    const [first] = this.#waiting
    first?.start()
    return first !== undefined
  }
}
