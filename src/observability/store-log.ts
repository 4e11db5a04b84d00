import type { Clock } from '../clock.ts'

/** The part of Fastify's logger that stores use. */
export interface StoreLog {
  info (details: object, message: string): void
  warn (details: object, message: string): void
}

/** What every store is handed. */
export interface StoreOptions {
  now: Clock
  log: StoreLog
}
