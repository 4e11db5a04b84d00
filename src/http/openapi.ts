import { Type, type TObject } from 'typebox'

/** What docs/openapi.json says of a route, beside the answers in its schema. A route without it is a page. */
export interface Description {
  summary: string
  /** Whether the answer depends on the session's cookie. */
  isOfSession?: boolean
  /** Headers that it reads, and what they hold. */
  asks?: Record<string, string>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    openapi?: Description
  }
}

/** The form of every error, for whoever does not take HTML. */
const Failure = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String({ description: 'for programs' }),
  error: Type.String({ description: 'the status in words' }),
  message: Type.String({ description: 'for people' })
}, { additionalProperties: false })

const page = { 'text/html': { schema: { type: 'string' } } }

/*
 * Answers in the form that OpenAPI and Fastify share: what is written down is what the answers are made with.
 */

export function answersJson (description: string, schema: TObject, headers?: string[]) {
  return { description, ...sent(headers), content: { 'application/json': { schema } } }
}

export function answersFailure (description: string, headers?: string[]) {
  return { description, ...sent(headers), content: { 'application/json': { schema: Failure }, ...page } }
}

/** Without a body. */
export function answersNothing (description: string, headers?: string[]) {
  return { description, ...sent(headers) }
}

/** For what cannot be known at the moment. */
export const unavailable = answersFailure('It cannot be known right now', ['Retry-After'])

function sent (names: string[] = []) {
  if (names.length === 0) return {}
  return { headers: Object.fromEntries(names.map(name => [name, { required: true, schema: { type: 'string' } }])) }
}
