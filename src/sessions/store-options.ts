import type { Clock } from '../clock.ts'
import type { StoreLog } from '../store-log.ts'

/** What every store is handed. */
export interface StoreOptions {
  now: Clock
  log: StoreLog
}
