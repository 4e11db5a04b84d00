/** The part of Fastify's logger that stores use. */
export interface StoreLog {
  info (details: object, message: string): void
  warn (details: object, message: string): void
}
