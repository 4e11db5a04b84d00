import type { StoreLog } from './store-log.ts'

/** Work that many requests do, and that fails for all of them during an outage. */
export interface OutageLog {
  failed (err: unknown, details?: object): void
  succeeded (details?: object): void
}

/** One line when it begins to fail and one when it works again, however many requests notice. */
export function outageLog (log: StoreLog, { failing, recovered }: { failing: string, recovered: string }): OutageLog {
  let isFailing = false
  return {
    failed (err, details) {
      if (!isFailing) log.warn({ err, ...details }, failing)
      isFailing = true
    },
    succeeded (details = {}) {
      if (isFailing) log.info(details, recovered)
      isFailing = false
    }
  }
}
