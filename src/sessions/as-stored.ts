import type { SessionFields } from './session-store.ts'

/**
 * The fields as the store holds them, each as JSON, so that a nested change shows.
 * `toJSON` keeps it out of the hash by which @fastify/session sees a change, and out of whatever else is serialized;
 * being an enumerable property, it travels with the session that @fastify/session builds from the loaded one.
 */
export class AsStored {
  readonly json: Map<string, string>
  /** It was revoked while this request was under way. */
  isGone = false

  constructor (fields: SessionFields) {
    this.json = new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]))
  }

  toJSON (): undefined {}

  copy (): SessionFields {
    return Object.fromEntries([...this.json].map(([name, text]) => [name, JSON.parse(text)]))
  }
}
