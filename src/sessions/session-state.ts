import { newSessionId } from './session-handle.ts'

interface SentCookie {
  /** As the browser sent it; undefined without one, and for two, which cannot be told apart. */
  sent: string | undefined
  hasDuplicates: boolean
}

/** What one request knows of its session besides the session itself, which @fastify/session replaces. */
export class SessionState implements SentCookie {
  readonly sent: string | undefined
  readonly hasDuplicates: boolean
  /** The browser's cookie opens nothing, or nothing anymore. */
  isDead = false
  /** The handle of a session that began with this request. Nobody has its id until the answer is sent. */
  newHandle: string | null = null
  #nextId: string | null = null

  constructor ({ sent, hasDuplicates }: SentCookie) {
    this.sent = sent
    this.hasDuplicates = hasDuplicates
  }

  /** The id that @fastify/session gives to the next session it makes for this request. */
  chooseNextId (): string {
    this.#nextId = newSessionId()
    return this.#nextId
  }

  /** Each id is used once. */
  takeNextId (): string {
    const id = this.#nextId ?? newSessionId()
    this.#nextId = null
    return id
  }
}
