import { Type, type Static } from 'typebox'
import { EMAIL_MAX } from './email-address.ts'
import { PASSWORD_MAX } from './given-password.ts'

const NAME_MAX = 100

/** What the sign-up page sends, bounded, and what to say about each field that is not so. */
export function signUpForm (passwordMinLength: number) {
  // At least one letter or number: spaces and invisible characters alone are no name.
  const name = Type.String({ maxLength: NAME_MAX, pattern: '[\\p{L}\\p{N}]' })
  const schema = Type.Object({
    first_name: name,
    last_name: name,
    email: Type.String({ maxLength: EMAIL_MAX }),
    // How long at least, and which ones not, is told by password-policy.ts.
    password: Type.String({ maxLength: PASSWORD_MAX })
  }, { additionalProperties: false })
  const sentences = {
    first_name: `Enter your first name (up to ${NAME_MAX} characters).`,
    last_name: `Enter your last name (up to ${NAME_MAX} characters).`,
    email: 'Enter an email address, such as name@example.com.',
    password: `Choose a password of at least ${passwordMinLength} characters (up to ${PASSWORD_MAX}).`
  }
  return { schema, sentences }
}

export type SignUpFields = Static<ReturnType<typeof signUpForm>['schema']>
