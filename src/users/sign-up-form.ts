import { Type, type Static } from 'typebox'
import { EMAIL_MAX } from './email-address.ts'
import { PASSWORD_MAX } from './given-password.ts'
import { nameSentence, personName } from './person-name.ts'

/** What the sign-up page sends, bounded, and what to say about each field that is not so. */
export function signUpForm (passwordMinLength: number) {
  const schema = Type.Object({
    first_name: personName,
    last_name: personName,
    email: Type.String({ maxLength: EMAIL_MAX }),
    // How long at least, and which ones not, is told by password-policy.ts.
    password: Type.String({ maxLength: PASSWORD_MAX })
  }, { additionalProperties: false })
  const sentences = {
    first_name: (keyword: string) => nameSentence('first', keyword),
    last_name: (keyword: string) => nameSentence('last', keyword),
    email: 'Enter an email address, such as name@example.com.',
    password: `Choose a password of at least ${passwordMinLength} characters (up to ${PASSWORD_MAX}).`
  }
  return { schema, sentences }
}

export type SignUpFields = Static<ReturnType<typeof signUpForm>['schema']>
