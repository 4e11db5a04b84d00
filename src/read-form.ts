import { FormUnreadable } from './errors.ts'

/** What stands in the place of bytes that were not UTF-8. */
const REPLACEMENT = '\uFFFD'

/**
 * The fields of a form, each once and as text.
 * @throws FORM_UNREADABLE for a repeated field, for what is not UTF-8, and for control characters
 */
export function readForm (form: URLSearchParams): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of form) {
    if (name in fields) throw new FormUnreadable('the same field twice')
    if (`${name}${value}`.includes(REPLACEMENT)) throw new FormUnreadable('text that is not UTF-8')
    if (/\p{Cc}/u.test(`${name}${value}`)) throw new FormUnreadable('control characters')
    fields[name] = value
  }
  return fields
}
