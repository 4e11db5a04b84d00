import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { FormUnreadable } from './errors.ts'

/** A sentence for each field that the validation of a form found wrong. */
export type FieldErrors = Record<string, string>

/**
 * @param sentences one for each field of the form
 * @throws FORM_UNREADABLE when the form is not ours: another field than these, or no fields at all
 */
export function fieldErrors (found: FastifySchemaValidationError[] | undefined, sentences: FieldErrors): FieldErrors {
  const wrong = (found ?? []).map(({ instancePath, params }) => String(params.missingProperty ?? instancePath.slice(1)))
  if (wrong.some(name => !Object.hasOwn(sentences, name))) throw new FormUnreadable('fields that are not in it')
  return Object.fromEntries(wrong.map(name => [name, sentences[name]!]))
}
