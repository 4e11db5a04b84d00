import type { Clock } from '../sessions/session-store.ts'
import type { StoreLog } from '../sessions/store-options.ts'
import type { AccountEvent, RecordedEvent } from './account-events.ts'

/** Long enough for events of one moment to be written together, short enough to lose next to nothing in a crash. */
const WRITTEN_AFTER_MS = 100
/** What a flood of logins may hold in memory. */
const MAX_WAITING = 1000

interface EventQueueOptions {
  now: Clock
  log: StoreLog
  /** Writes all of them, or rejects. Called for one batch at a time. */
  write: (events: RecordedEvent[]) => Promise<void>
}

/** Between the request that records an event and the database that keeps it: bounded, and never a reason to fail. */
export interface EventQueue {
  record (event: AccountEvent): void
  flush (): Promise<void>
}

export function eventQueue ({ now, log, write }: EventQueueOptions): EventQueue {
  let waiting: RecordedEvent[] = []
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()

  function record (event: AccountEvent): void {
    if (waiting.length >= MAX_WAITING) {
      dropped++
      return
    }
    waiting.push({ ...event, at: new Date(now()) })
    timer ??= setTimeout(flush, WRITTEN_AFTER_MS).unref()
  }

  function flush (): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(writeWaiting)
    return writing
  }

  async function writeWaiting (): Promise<void> {
    const batch = waiting
    if (batch.length === 0) return
    waiting = []
    // Once for all of them, or the log would be flooded in turn.
    if (dropped > 0) log.warn({ events: dropped }, 'too many account events at once, the last of them were dropped')
    dropped = 0
    await write(batch).catch((err: unknown) => log.warn({ err, events: batch.length }, 'account events were not written'))
  }

  return { record, flush }
}
