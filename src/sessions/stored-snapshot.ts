import type { SessionFields } from './session.ts'

interface Stored {
  lastSeenAt: number
  fields: SessionFields
}

/**
 * What of a session can change, as the store has it, each field as JSON, so that a nested change shows.
 * `toJSON` keeps it out of the hash by which @fastify/session sees a change, and out of whatever else is serialized;
 * being an enumerable property, it travels with the session that @fastify/session builds from the loaded one.
 */
export class StoredSnapshot {
  readonly lastSeenAt: number
  readonly json: Map<string, string>
  /** While this request was running. */
  wasRevoked = false

  constructor ({ lastSeenAt, fields }: Stored) {
    this.lastSeenAt = lastSeenAt
    this.json = new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]))
  }

  toJSON (): undefined {}

  fields (): SessionFields {
    return Object.fromEntries([...this.json].map(([name, text]) => [name, JSON.parse(text)]))
  }
}
