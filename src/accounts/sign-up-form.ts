import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { Type, type Static } from 'typebox'
import { type FieldErrors, fieldErrors } from '../http/field-errors.ts'
import { canonicalEmail, EMAIL_MAX } from '../users/email-address.ts'
import { PASSWORD_MAX } from '../credentials/password-input.ts'
import { lengthProblem } from '../credentials/password-policy.ts'
import { nameSentence, personName } from '../users/person-name.ts'

const schema = Type.Object({
  first_name: personName,
  last_name: personName,
  email: Type.String({ maxLength: EMAIL_MAX }),
  // How long at least, and which ones not, is told by password-policy.ts.
  password: Type.String({ maxLength: PASSWORD_MAX })
}, { additionalProperties: false })

export type SignUpFields = Static<typeof schema>
export type SignUpForm = ReturnType<typeof signUpForm>

/** What the sign-up page sends, bounded, and what to say about each field that is not so. */
export function signUpForm (passwordMinLength: number) {
  const sentences = {
    first_name: (keyword: string) => nameSentence('first', keyword),
    last_name: (keyword: string) => nameSentence('last', keyword),
    email: 'Enter an email address, such as name@example.com.',
    password: `Choose a password of at least ${passwordMinLength} characters (up to ${PASSWORD_MAX}).`
  }

  /** But for how easy the password is to guess, which is costly to find out. @param found by the validation */
  function mistakesIn (fields: SignUpFields, found: FastifySchemaValidationError[] | undefined): FieldErrors {
    const errors = fieldErrors(found, sentences)
    // What is too long already is not read.
    const email = errors.email ?? (canonicalEmail(fields.email) === null ? sentences.email : null)
    const password = errors.password ?? lengthProblem(fields.password, passwordMinLength)
    return { ...errors, ...(email && { email }), ...(password && { password }) }
  }

  return { schema, sentences, mistakesIn }
}
