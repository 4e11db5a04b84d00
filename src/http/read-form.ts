import { FormUnreadable } from '../errors.ts'

/** What stands in the place of bytes that were not UTF-8. */
const REPLACEMENT = '\uFFFD'

/** More than any form has. Each that is not ours would become an error of its own: thousands of them held up everybody. */
const FIELDS_MAX = 20

/**
 * The fields of a form, each once and as text.
 * @throws FORM_UNREADABLE for a repeated field, for too many of them, for what is not UTF-8, and for control characters
 */
export function readForm (form: URLSearchParams): Record<string, string> {
  if (form.size > FIELDS_MAX) throw new FormUnreadable('too many fields')
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of form) {
    if (name in fields) throw new FormUnreadable('the same field twice')
    const problem = textProblem(`${name}${value}`)
    if (problem !== null) throw new FormUnreadable(problem)
    fields[name] = value
  }
  return fields
}

/** What no form may send, or null. */
export function textProblem (text: string): string | null {
  if (text.includes(REPLACEMENT)) return 'text that is not UTF-8'
  return /\p{Cc}/u.test(text) ? 'control characters' : null
}
