import type { Clock } from '../clock.ts'
import { type OutageLog, outageLog } from '../observability/outage-log.ts'
import type { StoreLog } from '../observability/store-log.ts'
import type { AccountEvent, RecordedEvent } from './account-events.ts'

/** Long enough for events of one moment to be written together, short enough to lose next to nothing in a crash. */
const WRITTEN_AFTER_MS = 100
/** In an outage. A SQLite file that another process has locked stops the event loop at each try. */
const RETRY_MS = 5_000
/** What a flood of logins, or an outage, may keep in memory. */
const MAX_WAITING = 1000

interface EventQueueOptions {
  now: Clock
  log: StoreLog
  /** Writes all of them, or rejects and is called with them again. Called for one batch at a time. */
  write: (events: RecordedEvent[]) => Promise<void>
}

/** Between the request that records an event and the database that keeps it: bounded, and never a reason to fail. */
export class EventQueue {
  readonly #options: EventQueueOptions
  readonly #outage: OutageLog
  #waiting: RecordedEvent[] = []
  #dropped = 0
  #droppedInLog = 0
  #failedAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #writing = Promise.resolve()

  constructor (options: EventQueueOptions) {
    this.#options = options
    this.#outage = outageLog(options.log, { failing: 'account events cannot be written: they wait in memory', recovered: 'account events are written again' })
  }

  record (event: AccountEvent): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ ...event, at: new Date(this.#options.now()) })
    else this.#dropped++
    this.#timer ??= this.#writeIn(WRITTEN_AFTER_MS)
  }

  /** Writes what waits, unless that failed a moment ago. */
  flush (): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** The last try. What cannot be written now is lost. */
  async close (): Promise<void> {
    await this.#writeNow()
    clearTimeout(this.#timer)
    this.#dropped += this.#waiting.splice(0).length
    this.#logDropped()
  }

  /** How many so far. */
  get dropped (): number {
    return this.#dropped
  }

  #writeIn (ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#writeNow(), ms).unref()
  }

  #writeNow (): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#failedAt = -Infinity
    return this.flush()
  }

  async #write (): Promise<void> {
    const batch = [...this.#waiting]
    // Whoever looks at their events during an outage does not wait for one try after the other.
    if (batch.length === 0 || this.#options.now() - this.#failedAt < RETRY_MS) return
    try {
      await this.#options.write(batch)
      this.#waiting.splice(0, batch.length)
      this.#outage.succeeded({ events: batch.length })
      this.#logDropped()
    } catch (err) {
      this.#outage.failed(err, { events: batch.length })
      this.#failedAt = this.#options.now()
      clearTimeout(this.#timer)
      this.#timer = this.#writeIn(RETRY_MS)
    }
  }

  // Once for all of them, or the log would be flooded in turn.
  #logDropped (): void {
    const events = this.#dropped - this.#droppedInLog
    if (events > 0) this.#options.log.warn({ events }, 'account events were dropped: too many waited, or the service stopped')
    this.#droppedInLog = this.#dropped
  }
}
