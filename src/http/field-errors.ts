import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { FormUnreadable } from '../errors.ts'

/** A sentence for each field that the validation of a form found wrong. */
export type FieldErrors = Record<string, string>

/** For each field of a form what to say when it is wrong, where needed by the keyword of the schema that it broke. */
type Sentences = Record<string, string | ((keyword: string) => string)>

/**
 * @param sentences one for each field of the form
 * @throws FORM_UNREADABLE when the form is not ours: another field than these, or no fields at all
 */
export function fieldErrors (found: FastifySchemaValidationError[] | undefined, sentences: Sentences): FieldErrors {
  return Object.fromEntries((found ?? []).map(({ instancePath, params, keyword }) => {
    const name = String(params.missingProperty ?? instancePath.slice(1))
    if (!Object.hasOwn(sentences, name)) throw new FormUnreadable('fields that are not in it')
    const sentence = sentences[name]!
    return [name, typeof sentence === 'string' ? sentence : sentence(keyword)]
  }))
}
